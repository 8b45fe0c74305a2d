-- A growth team's morning, 5 of 5: how much of the sales and marketing expense that the platform files do its channels
-- explain?
-- How to read it: explained is marketing and subsidies of the daily data over the filed figure of the same days; the
-- first row of a period, without a partnership, is the platform. What is not explained is brand, staff and channels
-- that nobody delivers. Commission stands beside it, for companies differ in where they book it. validity says why
-- there is no share. Without daily data of your own this is empty.
select
    expense.platform,
    expense.period_start,
    expense.period_end,
    expense.partnership_id,
    expense.filed_expense,
    expense.spend,
    expense.unit,
    round(100 * expense.explained, 1) as explained_pct,
    expense.commission,
    expense.platform_days,
    expense.validity,
    document.title,
    document.url
from marts.partnership_expense as expense
left join core.document as document on document.document_id = expense.document_id
order by expense.platform, expense.period_start desc, expense.partnership_id
