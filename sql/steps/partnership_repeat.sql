-- Of the buyers whose first order came 30, 60 or 90 days before a day, through a partnership, how many had returned by
-- then: placed an order on a later day that was not cancelled.
-- Counted on the day on which the time was over, so nobody is counted before; partnership '' is everybody on the
-- platform. A day without an order has its row once a later order shows that its own have come (core.order_calendar).
-- group: deals
-- grain: platform, partnership_id, date
-- twin: no
-- portable: yes
-- daily: date, 90
with buyer as (
    select
        first_purchase.platform,
        first_purchase.partnership_id,
        first_purchase.first_on,
        first_purchase.buyer_id_hash,
        min(date_diff('day', first_purchase.first_on, order_event.date)) as back_after
    from core.first_purchase as first_purchase
    left join core.order_attribution as order_event
        on
            order_event.basis = 'last_touch'
            and order_event.platform = first_purchase.platform
            and order_event.buyer_id_hash = first_purchase.buyer_id_hash
            and order_event.date > first_purchase.first_on
            and order_event.status <> 'cancelled'
    group by
        first_purchase.platform, first_purchase.partnership_id, first_purchase.first_on, first_purchase.buyer_id_hash
),
cohort as (
    select
        buyer.platform,
        buyer.partnership_id,
        buyer.first_on,
        count(*) as buyers,
        sum(case when buyer.back_after <= 30 then 1 else 0 end) as by_30,
        sum(case when buyer.back_after <= 60 then 1 else 0 end) as by_60,
        sum(case when buyer.back_after <= 90 then 1 else 0 end) as by_90
    from buyer
    group by buyer.platform, buyer.partnership_id, buyer.first_on
),
told as (
    select
        cohort.platform,
        cohort.partnership_id,
        cohort.first_on,
        cohort.buyers,
        cohort.by_30,
        cohort.by_60,
        cohort.by_90
    from cohort
    where cohort.partnership_id <> ''
    union all
    select
        cohort.platform,
        '',
        cohort.first_on,
        sum(cohort.buyers),
        sum(cohort.by_30),
        sum(cohort.by_60),
        sum(cohort.by_90)
    from cohort
    group by cohort.platform, cohort.first_on
),
due as (
    select
        told.platform,
        told.partnership_id,
        told.first_on + 30 as date,
        told.buyers as buyers_30,
        told.by_30,
        0 as buyers_60,
        0 as by_60,
        0 as buyers_90,
        0 as by_90
    from told
    union all
    select
        told.platform,
        told.partnership_id,
        told.first_on + 60,
        0,
        0,
        told.buyers,
        told.by_60,
        0,
        0
    from told
    union all
    select
        told.platform,
        told.partnership_id,
        told.first_on + 90,
        0,
        0,
        0,
        0,
        told.buyers,
        told.by_90
    from told
)
select
    due.platform::varchar as platform,        -- where
    due.partnership_id::varchar as partnership_id,
    -- partnership that brought the first order; '' is everybody on the platform
    due.date::date as date,                   -- day on which the time was over
    sum(due.buyers_30)::bigint as buyers_30,  -- buyers whose first order came 30 days before
    sum(due.by_30)::bigint as repeated_30,    -- of them those who had returned
    sum(due.buyers_60)::bigint as buyers_60,  -- buyers whose first order came 60 days before
    sum(due.by_60)::bigint as repeated_60,    -- of them those who had returned
    sum(due.buyers_90)::bigint as buyers_90,  -- buyers whose first order came 90 days before
    sum(due.by_90)::bigint as repeated_90     -- of them those who had returned
from due
join core.order_calendar as calendar on calendar.platform = due.platform and calendar.date = due.date
group by due.platform, due.partnership_id, due.date
