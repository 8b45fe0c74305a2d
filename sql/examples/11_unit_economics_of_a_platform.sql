-- What does Pinduoduo's spend buy, year by year: share of revenue, per buyer, months to earn it back?
-- How to read it: sm_intensity above 1 is more spent than earned, and is never capped. payback_months and
-- ltv_cac_proxy_* are proxies: gross profit of the whole company a mean buyer, not of the buyers gained. Where value is
-- empty, validity says why.
select
    economics.metric,
    economics.period_end,
    round(economics.value, 4) as value,
    format('[{:.4f}, {:.4f}]', economics.low, economics.high) as interval,
    economics.unit,
    economics.validity
from marts.unit_economics as economics
where
    economics.platform = 'pdd'
    and date_diff('month', economics.period_start, economics.period_end + 1) = 12
    and economics.period_end = last_day(economics.period_end)
    and month(economics.period_end) = 12
order by economics.metric, economics.period_end
-- Answer: in the year to 2021-12-31 spend was 0.4769 of revenue, and a mean buyer's gross profit earned the cost of a
-- net new buyer back in 89.1387 months [89.0279, 89.2499], after 41.5489 months in the year to 2020-12-31.
