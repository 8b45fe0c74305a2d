-- A growth team's morning, 4 of 5: do the buyers that a partner wins return as often, and keep as much, as all others
-- of their month?
-- How to read it: a rate counts buyers whose days have passed, due_90 of buyers; there is none as long as they have
-- passed for nobody. revenue_per_buyer is what was kept of the orders of 90 days. Cohorts of fewer than 30 buyers say
-- small_n: chance alone moves their rates by 18 points either way. Without order events of your own this is empty.
select
    cohort.platform,
    cohort.partnership_id,
    cohort.cohort_month,
    cohort.buyers,
    others.buyers as others,
    round(100 * cohort.repeat_30, 1) as repeat_30_pct,
    round(100 * others.repeat_30, 1) as others_30_pct,
    cohort.due_90,
    round(100 * cohort.repeat_90, 1) as repeat_90_pct,
    round(100 * others.repeat_90, 1) as others_90_pct,
    round(cohort.revenue_per_buyer, 2) as revenue_per_buyer,
    round(others.revenue_per_buyer, 2) as others_revenue,
    cohort.currency,
    round(100 * cohort.refund_rate, 1) as refund_pct,
    round(100 * others.refund_rate, 1) as others_refund_pct,
    cohort.flags
from marts.partnership_cohort as cohort
left join
    marts.partnership_cohort as others
    on
        others.platform = cohort.platform
        and others.partnership_id = cohort.partnership_id
        and others.cohort_month = cohort.cohort_month
        and others.who = 'others'
where cohort.who = 'partner'
order by cohort.platform, cohort.partnership_id, cohort.cohort_month desc
