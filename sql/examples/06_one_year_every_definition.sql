-- How much does the definition matter? One year under every definition.
-- How to read it: cac_gross_* are scenarios (they suppose that 10, 20 or 30 % of last year's buyers lapsed), not facts.
-- cac_net_quarter is experimental: a quarter's inflow stands against the lapse of a year ago.
select
    trend.definition,
    trend.period_start,
    round(trend.cac, 2) as cac,
    format('[{:.2f}, {:.2f}]', trend.cac_low, trend.cac_high) as interval,
    trend.currency,
    trend.validity,
    len(trend.flags) as flags
from marts.cac_trend as trend
where trend.platform = 'pdd' and trend.scope = '' and trend.period_end = date '2021-12-31'
order by trend.definition
-- Answer: Pinduoduo's cost of 2021 lies between 141.41 CNY (a scenario) and 557.93 CNY [557.24, 558.62] by the year,
-- and is 8,118.57 CNY by its last quarter: the definition moves it far more than the rounding does.
