-- A growth team's morning, 5 of 5: how much of the sales and marketing expense that the platform files do its channels explain?
-- How to read it: explained is marketing and subsidies of the daily data over the filed figure of the same days; the first row of a
-- period, without a partnership, is the platform. What is not explained is brand, staff and channels that nobody delivers. Commission
-- stands beside it, for companies differ in where they book it. validity says why there is no share. Without daily data of your own this is empty.
select
    e.platform, e.period_start, e.period_end, e.partnership_id, e.filed_expense, e.spend, e.unit, round(100 * e.explained, 1) as explained_pct, e.commission, e.platform_days,
    e.validity, d.title, d.url
from marts.partnership_expense as e
left join core.document as d on d.document_id = e.document_id
order by e.platform, e.period_start desc, e.partnership_id
