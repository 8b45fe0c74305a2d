-- How much does the definition matter? One year under every definition.
-- How to read it: cac_gross_* are scenarios (they suppose that 10, 20 or 30 % of last year's buyers lapsed), not facts.
-- cac_net_quarter is experimental: a quarter's inflow stands against the lapse of a year ago.
select
    c.definition, c.period_start, c.period_end, round(c.cac, 2) as cac, round(c.cac_low, 2) as low, round(c.cac_high, 2) as high,
    c.currency, c.validity, c.flags
from marts.cac_trend as c
where c.platform = 'pdd' and c.scope = '' and c.period_end = date '2021-12-31'
order by c.definition
