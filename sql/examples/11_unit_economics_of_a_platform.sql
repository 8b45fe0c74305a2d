-- What does Pinduoduo's spend buy, year by year: share of revenue, per buyer, months to earn it back?
-- How to read it: sm_intensity above 1 is more spent than earned, and is never capped. payback_months and
-- ltv_cac_proxy_* are proxies: gross profit of the whole company a mean buyer, not of the buyers gained. Where value is
-- empty, validity says why.
select
    economics.metric,
    economics.period_start,
    economics.period_end,
    round(economics.value, 4) as value,
    round(economics.low, 4) as low,
    round(economics.high, 4) as high,
    economics.unit,
    economics.validity,
    economics.flags,
    economics.known_on
from marts.unit_economics as economics
where
    economics.platform = 'pdd'
    and date_diff('month', economics.period_start, economics.period_end + 1) = 12
    and economics.period_end = last_day(economics.period_end)
    and month(economics.period_end) = 12
order by economics.metric, economics.period_end
