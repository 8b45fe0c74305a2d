-- What became of the buyers whom a partnership won in a month, beside all other new buyers of the platform in that
-- month.
-- A rate counts only buyers whose days have passed; there is none as long as they have passed for nobody. From order
-- events.
-- grain: platform, partnership_id, cohort_month, who
-- twin: no
-- portable: yes
-- contract: deliveries
with won as (
    select
        buyer_cohort.platform,
        buyer_cohort.partnership_id,
        buyer_cohort.cohort_month
    from steps.buyer_cohort as buyer_cohort
    where buyer_cohort.partnership_id <> ''
),
summed as (
    select
        won.platform,
        won.partnership_id,
        won.cohort_month,
        case when buyer_cohort.partnership_id = won.partnership_id then 'partner' else 'others' end as who,
        buyer_cohort.currency,
        buyer_cohort.last_on,
        sum(buyer_cohort.buyers) as buyers,
        sum(buyer_cohort.due_30) as due_30,
        sum(buyer_cohort.back_30) as back_30,
        sum(buyer_cohort.due_60) as due_60,
        sum(buyer_cohort.back_60) as back_60,
        sum(buyer_cohort.due_90) as due_90,
        sum(buyer_cohort.back_90) as back_90,
        sum(buyer_cohort.rateless_orders) as rateless_orders,
        case when count(buyer_cohort.net_90) = count(*) then sum(buyer_cohort.net_90) end as net_90,
        case when count(buyer_cohort.mature_gmv) = count(*) then sum(buyer_cohort.mature_gmv) end as mature_gmv,
        case when count(buyer_cohort.mature_refunded) = count(*) then sum(buyer_cohort.mature_refunded) end
            as mature_refunded
    from won
    join
        steps.buyer_cohort as buyer_cohort
        on buyer_cohort.platform = won.platform and buyer_cohort.cohort_month = won.cohort_month
    group by
        won.platform,
        won.partnership_id,
        won.cohort_month,
        case when buyer_cohort.partnership_id = won.partnership_id then 'partner' else 'others' end,
        buyer_cohort.currency,
        buyer_cohort.last_on
)
select
    summed.platform::varchar as platform,                   -- where
    summed.partnership_id::varchar as partnership_id,       -- identifier of the deal
    summed.cohort_month::date as cohort_month,              -- first day of the month of the first order
    summed.who::varchar as who,                             -- whose buyers, see core.term
    summed.currency::varchar as currency,                   -- currency of the amounts
    summed.buyers::bigint as buyers,                        -- persons whose first order it was
    summed.due_30::bigint as due_30,                        -- of them those whose 30 days have passed
    (cast(summed.back_30 as double) / nullif(cast(summed.due_30 as double), 0))::double as repeat_30,
    -- of those the share with a later day's order within 30 days that was not cancelled, 0 to 1
    summed.due_60::bigint as due_60,                        -- of them those whose 60 days have passed
    (cast(summed.back_60 as double) / nullif(cast(summed.due_60 as double), 0))::double as repeat_60,
    -- of those the share that returned within 60 days, 0 to 1
    summed.due_90::bigint as due_90,                        -- of them those whose 90 days have passed
    (cast(summed.back_90 as double) / nullif(cast(summed.due_90 as double), 0))::double as repeat_90,
    -- of those the share that returned within 90 days, 0 to 1
    (cast(summed.net_90 as double) / nullif(cast(summed.due_90 as double), 0))::double as revenue_per_buyer,
    -- orders kept within 90 days for one whose 90 days have passed, in currency
    (cast(summed.mature_refunded as double) / nullif(cast(summed.mature_gmv as double), 0))::double as refund_rate,
    -- refunded of their orders not cancelled that are 30 days old, 0 to 1
    list_filter([
        case when summed.due_30 < summed.buyers then 'immature_refunds' end,
        case when summed.due_90 < summed.buyers then 'immature_repeats' end,
        case when summed.rateless_orders > 0 then 'no_rate' end, case when summed.buyers < 30 then 'small_n' end
    ], lambda flag: flag is not null)::varchar[] as flags,  -- what a reader must know
    summed.last_on::date as last_on                         -- day of the platform's last order
from summed
