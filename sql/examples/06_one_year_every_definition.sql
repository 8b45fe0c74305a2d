-- How much does the definition matter? One year under every definition.
-- How to read it: cac_gross_* are scenarios (they suppose that 10, 20 or 30 % of last year's buyers lapsed), not facts.
-- cac_net_quarter is experimental: a quarter's inflow stands against the lapse of a year ago.
select
    trend.definition,
    trend.period_start,
    trend.period_end,
    round(trend.cac, 2) as cac,
    round(trend.cac_low, 2) as low,
    round(trend.cac_high, 2) as high,
    trend.currency,
    trend.validity,
    trend.flags
from marts.cac_trend as trend
where trend.platform = 'pdd' and trend.scope = '' and trend.period_end = date '2021-12-31'
order by trend.definition
