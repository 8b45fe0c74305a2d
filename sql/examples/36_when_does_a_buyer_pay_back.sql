-- When does a buyer pay back? The cohorts of each channel and deal, newest first, at the oldest age that they have
-- reached.
-- How to read it: cost is what winning one buyer of the month cost, value what one had brought by the age, of the kind
-- that value_kind says: net revenue is no profit. payback_day is the first day on which value reached cost, between
-- earliest and latest as chance in the number of buyers allows; without latest it may not be paid back yet. Compare two
-- cohorts at one age only, such as where age_days = 90: a cohort without that row has not reached it. Without order
-- events and daily spend of your own this is empty.
select
    payback.platform,
    payback.channel,
    payback.partnership_id,
    payback.cohort_month,
    payback.buyers,
    round(payback.cost_per_buyer, 2) as cost,
    payback.age_days,
    round(payback.value_per_buyer, 2) as value,
    payback.value_kind,
    payback.currency,
    round(payback.value_per_cost, 2) as value_per_cost,
    payback.payback_day,
    payback.payback_low as earliest,
    payback.payback_high as latest,
    payback.payback_status,
    payback.validity,
    payback.flags
from marts.buyer_payback as payback
qualify
    payback.age_days = max(payback.age_days) over (
        partition by payback.platform, payback.channel, payback.partnership_id, payback.cohort_month
    )
order by payback.platform, payback.channel, payback.partnership_id, payback.cohort_month desc
