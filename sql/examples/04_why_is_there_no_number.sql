-- For which years is there no acquisition cost, and why?
-- How to read it: definition_break means that the company changed what it counts inside the window; missing_* names the
-- figure that is not in this data set (with the flag not_transcribed it was probably printed); bounds_only means that
-- an input is "more than" or "about", so only low or high can be given.
select
    trend.platform,
    trend.scope,
    trend.fiscal_label as label,
    trend.validity as why,
    round(trend.cac_low, 2) as low,
    round(trend.cac_high, 2) as high,
    trend.spend::bigint as spend,
    trend.currency as unit
from marts.cac_trend as trend
where trend.definition = 'cac_net_12m' and trend.cac is null and trend.fiscal_label not like '% Q%'
order by trend.platform, trend.scope, trend.period_end
-- Answer: mostly because the expense or a count of buyers is not in this data set; of JD only bounds are known, at most
-- 252.61 CNY for FY2020 and at least 368.98 CNY for FY2021.
