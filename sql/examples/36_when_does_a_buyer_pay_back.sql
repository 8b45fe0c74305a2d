-- When does a buyer pay back? The cohorts of each channel and deal, newest first, at the oldest age that they have
-- reached.
-- How to read it: cost is what winning one buyer of the month cost, value what one had brought by the age, of the kind
-- that value_kind of the mart says: net revenue is no profit. day is the first day of age on which value reached cost,
-- within days as chance in the number of buyers allows; with ? it may not be paid back yet. Compare two cohorts at one
-- age only, such as where age_days = 90: a cohort without that row has not reached it. Without order events and daily
-- spend of your own this is empty.
select
    payback.platform,
    coalesce(nullif(payback.partnership_id, ''), nullif(payback.channel, ''), 'all') as won_by,
    strftime(payback.cohort_month, '%Y-%m') as month,
    round(payback.cost_per_buyer, 2) as cost,
    payback.age_days as age,
    round(payback.value_per_buyer, 2) as value,
    payback.currency as unit,
    payback.payback_day as day,
    format('{} to {}', payback.payback_low, coalesce(payback.payback_high::varchar, '?')) as days,
    payback.payback_status as status
from marts.buyer_payback as payback
qualify
    payback.age_days = max(payback.age_days) over (
        partition by payback.platform, payback.channel, payback.partnership_id, payback.cohort_month
    )
order by payback.platform, payback.channel, payback.partnership_id, payback.cohort_month desc
-- Answer: a buyer of sim_bazaar of the demo, won in 2025-10 for 17.21 USD, paid back on day 5, within days 2 to 8.
