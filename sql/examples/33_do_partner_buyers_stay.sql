-- A growth team's morning, 4 of 5: do the buyers that a partner wins return as often, and keep as much, as all others of their month?
-- How to read it: a rate counts buyers whose days have passed, due_90 of buyers; there is none as long as they have passed for nobody.
-- revenue_per_buyer is what was kept of the orders of 90 days. Cohorts of fewer than 30 buyers say small_n: chance alone moves
-- their rates by 18 points either way. Without order events of your own this is empty.
select
    c.platform, c.partnership_id, c.cohort_month, c.buyers, o.buyers as others, round(100 * c.repeat_30, 1) as repeat_30_pct, round(100 * o.repeat_30, 1) as others_30_pct,
    c.due_90, round(100 * c.repeat_90, 1) as repeat_90_pct, round(100 * o.repeat_90, 1) as others_90_pct, round(c.revenue_per_buyer, 2) as revenue_per_buyer,
    round(o.revenue_per_buyer, 2) as others_revenue, c.currency, round(100 * c.refund_rate, 1) as refund_pct, round(100 * o.refund_rate, 1) as others_refund_pct, c.flags
from marts.partnership_cohort as c
left join marts.partnership_cohort as o on o.platform = c.platform and o.partnership_id = c.partnership_id and o.cohort_month = c.cohort_month and o.who = 'others'
where c.who = 'partner'
order by c.platform, c.partnership_id, c.cohort_month desc
