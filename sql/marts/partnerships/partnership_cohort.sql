-- What became of the buyers whom a partnership won in a month, beside all other new buyers of the platform in that month.
-- A rate counts only buyers whose days have passed; there is none as long as they have passed for nobody. From order events.
-- grain: platform, partnership_id, cohort_month, who
-- twin: no
-- portable: yes
-- contract: deliveries
with won as (
    select b.platform, b.partnership_id, b.cohort_month
    from steps.buyer_cohort as b
    where b.partnership_id <> ''
),
summed as (
    select
        w.platform, w.partnership_id, w.cohort_month, case when b.partnership_id = w.partnership_id then 'partner' else 'others' end as who, b.currency, b.last_on,
        sum(b.buyers) as buyers, sum(b.due_30) as due_30, sum(b.back_30) as back_30, sum(b.due_60) as due_60, sum(b.back_60) as back_60, sum(b.due_90) as due_90, sum(b.back_90) as back_90, sum(b.rateless_orders) as rateless_orders,
        case when count(b.net_90) = count(*) then sum(b.net_90) end as net_90, case when count(b.mature_gmv) = count(*) then sum(b.mature_gmv) end as mature_gmv, case when count(b.mature_refunded) = count(*) then sum(b.mature_refunded) end as mature_refunded
    from won as w
    join steps.buyer_cohort as b on b.platform = w.platform and b.cohort_month = w.cohort_month
    group by w.platform, w.partnership_id, w.cohort_month, case when b.partnership_id = w.partnership_id then 'partner' else 'others' end, b.currency, b.last_on
)
select
    s.platform::varchar       as platform,       -- where
    s.partnership_id::varchar as partnership_id, -- identifier of the deal
    s.cohort_month::date      as cohort_month,   -- first day of the month of the first order
    s.who::varchar            as who,            -- whose buyers, see core.term
    s.currency::varchar       as currency,       -- currency of the amounts
    s.buyers::bigint          as buyers,         -- persons whose first order it was
    s.due_30::bigint          as due_30,         -- of them those whose 30 days have passed
    (cast(s.back_30 as double) / nullif(cast(s.due_30 as double), 0))::double as repeat_30, -- of those the share with another order within 30 days that was not cancelled, 0 to 1
    s.due_60::bigint          as due_60,         -- of them those whose 60 days have passed
    (cast(s.back_60 as double) / nullif(cast(s.due_60 as double), 0))::double as repeat_60, -- of those the share that returned within 60 days, 0 to 1
    s.due_90::bigint          as due_90,         -- of them those whose 90 days have passed
    (cast(s.back_90 as double) / nullif(cast(s.due_90 as double), 0))::double as repeat_90, -- of those the share that returned within 90 days, 0 to 1
    (cast(s.net_90 as double) / nullif(cast(s.due_90 as double), 0))::double as revenue_per_buyer, -- orders kept within 90 days for one whose 90 days have passed, in currency
    (cast(s.mature_refunded as double) / nullif(cast(s.mature_gmv as double), 0))::double as refund_rate, -- refunded of their orders that are 30 days old, 0 to 1
    list_filter([
        case when s.due_30 < s.buyers then 'immature_refunds' end, case when s.due_90 < s.buyers then 'immature_repeats' end,
        case when s.rateless_orders > 0 then 'no_rate' end, case when s.buyers < 30 then 'small_n' end
    ], lambda f: f is not null)::varchar[] as flags, -- what a reader must know
    s.last_on::date           as last_on         -- day of the platform's last order
from summed as s
