-- What does Pinduoduo's spend buy, year by year: share of revenue, per buyer, months to earn it back?
-- How to read it: sm_intensity above 1 is more spent than earned, and is never capped. payback_months and ltv_cac_proxy_*
-- are proxies: gross profit of the whole company a mean buyer, not of the buyers gained. Where value is empty, validity says why.
select
    u.metric, u.period_start, u.period_end, round(u.value, 4) as value, round(u.low, 4) as low, round(u.high, 4) as high, u.unit,
    u.validity, u.flags, u.known_on
from marts.unit_economics as u
where u.platform = 'pdd' and date_diff('month', u.period_start, u.period_end + 1) = 12 and u.period_end = last_day(u.period_end)
    and month(u.period_end) = 12
order by u.metric, u.period_end
