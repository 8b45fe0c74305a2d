-- For which years is there no acquisition cost, and why?
-- How to read it: definition_break means that the company changed what it counts inside the window; missing_* names the
-- figure that is not in this data set (with the flag not_transcribed it was probably printed); bounds_only means that
-- an input is "more than" or "about", so only low or high can be given.
select
    trend.platform,
    trend.scope,
    trend.fiscal_label,
    trend.validity as why,
    round(trend.cac_low, 2) as at_least,
    round(trend.cac_high, 2) as at_most,
    trend.spend::bigint as spend,
    trend.currency
from marts.cac_trend as trend
where trend.definition = 'cac_net_12m' and trend.cac is null and trend.fiscal_label not like '% Q%'
order by trend.platform, trend.scope, trend.period_end
