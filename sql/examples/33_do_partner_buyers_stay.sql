-- A growth team's morning, 4 of 5: do the buyers that a partner wins return as often, and keep as much, as all others
-- of their month?
-- How to read it: a rate counts buyers whose days have passed, due_90 of buyers; there is none as long as they have
-- passed for nobody. repeat_pct is the share of buyers with a second order within 90 days, kept what was left
-- of the orders of these days, for each buyer. Cohorts of fewer than 30 buyers say
-- small_n: chance alone moves their rates by 18 points either way. Without order events of your own this is empty.
select
    cohort.partnership_id as deal,
    cohort.cohort_month as month,
    cohort.buyers,
    cohort.due_90,
    round(100 * cohort.repeat_90, 1) as repeat_pct,
    round(100 * others.repeat_90, 1) as others_pct,
    round(cohort.revenue_per_buyer, 2) as kept,
    round(others.revenue_per_buyer, 2) as others_kept,
    cohort.currency as unit
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
-- Answer: no: of the 25 buyers that sim_news_bazaar_ads of the demo won in 2025-07 64.0 % ordered again within 90 days,
-- of all others 76.4 %.
