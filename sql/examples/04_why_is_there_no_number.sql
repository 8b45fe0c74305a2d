-- For which years is there no acquisition cost, and why?
-- How to read it: definition_break means that the company changed what it counts inside the window; missing_* names the
-- figure that nobody printed; bounds_only means that an input is "more than" or "about", so only low or high can be given.
select
    c.platform, c.scope, c.fiscal_label, c.validity as why, round(c.cac_low, 2) as at_least, round(c.cac_high, 2) as at_most,
    c.spend::bigint as spend, c.currency
from marts.cac_trend as c
where c.definition = 'cac_net_12m' and c.cac is null and c.fiscal_label not like '% Q%'
order by c.platform, c.scope, c.period_end
