-- A growth team's morning, 5 of 5: how much of the sales and marketing expense that the platform files do its channels
-- explain?
-- How to read it: pct is marketing and subsidies of the daily data over the filed figure of the same days; the
-- first row of a period, without a partnership, is the platform. What is not explained is brand, staff and channels
-- that nobody delivers. Commission stands beside it, for companies differ in where they book it. validity says why
-- there is no share. Without daily data of your own this is empty.
select
    expense.platform,
    expense.period_start,
    expense.period_end,
    expense.partnership_id as deal,
    expense.filed_expense::bigint as filed,
    expense.spend::bigint as spend,
    expense.unit,
    round(100 * expense.explained, 1) as pct,
    expense.validity
from marts.partnership_expense as expense
order by expense.platform, expense.period_start desc, expense.partnership_id
-- Answer: sim_bazaar's channels of the demo explain 152,197 of the 175,026 USD that it files for 2025, 87.0 %.
