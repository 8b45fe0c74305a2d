-- Has a buyer paid back what winning one cost: each platform by month of the first order, at the greatest age that
-- every buyer of the month has reached.
select
    platform.name,
    payback.cohort_month,
    payback.age_days,
    payback.buyers,
    payback.cost_per_buyer,
    payback.cost_low as cost_per_buyer_low,
    payback.cost_high as cost_per_buyer_high,
    payback.value_per_buyer,
    payback.currency,
    payback.value_kind,
    payback.value_per_cost,
    payback.value_per_cost_low,
    payback.value_per_cost_high,
    payback.payback_day,
    payback.payback_low as payback_day_low,
    payback.payback_high as payback_day_high,
    payback.payback_status,
    payback.validity,
    payback.spend,
    payback.spend_parts,
    payback.flags
from marts.buyer_payback as payback
left join core.platform as platform on platform.platform = payback.platform
where payback.channel = '' and payback.partnership_id = ''
qualify
    row_number() over (
        partition by payback.platform, payback.cohort_month order by payback.age_days desc
    ) = 1
order by payback.platform, payback.cohort_month
