-- Of the buyers whose first order came 30, 60 or 90 days before a day, through a partnership, how many had ordered again by then.
-- Counted on the day on which the time was over, so nobody is counted before; partnership '' is everybody on the platform. There is
-- no row for a day on which the platform has no order: its orders may not have come yet.
-- grain: platform, partnership_id, date
-- twin: no
-- portable: yes
-- daily: date, 90
with buyer as (
    select f.platform, f.partnership_id, f.first_on, f.buyer_id_hash, min(date_diff('day', f.first_on, cast(o.event_time as date))) as back_after
    from core.first_purchase as f
    left join core.order_event as o
        on o.platform = f.platform and o.buyer_id_hash = f.buyer_id_hash and o.event_id <> f.event_id and o.status <> 'cancelled'
    group by f.platform, f.partnership_id, f.first_on, f.buyer_id_hash
),
cohort as (
    select
        b.platform, b.partnership_id, b.first_on, count(*) as buyers, sum(case when b.back_after <= 30 then 1 else 0 end) as by_30,
        sum(case when b.back_after <= 60 then 1 else 0 end) as by_60, sum(case when b.back_after <= 90 then 1 else 0 end) as by_90
    from buyer as b
    group by b.platform, b.partnership_id, b.first_on
),
told as (
    select c.platform, c.partnership_id, c.first_on, c.buyers, c.by_30, c.by_60, c.by_90 from cohort as c where c.partnership_id <> ''
    union all
    select c.platform, '', c.first_on, sum(c.buyers), sum(c.by_30), sum(c.by_60), sum(c.by_90) from cohort as c group by c.platform, c.first_on
),
due as (
    select t.platform, t.partnership_id, t.first_on + 30 as date, t.buyers as buyers_30, t.by_30, 0 as buyers_60, 0 as by_60, 0 as buyers_90, 0 as by_90 from told as t
    union all
    select t.platform, t.partnership_id, t.first_on + 60, 0, 0, t.buyers, t.by_60, 0, 0 from told as t
    union all
    select t.platform, t.partnership_id, t.first_on + 90, 0, 0, 0, 0, t.buyers, t.by_90 from told as t
),
open as (
    select distinct o.platform, cast(o.event_time as date) as date from core.order_event as o
)
select
    d.platform::varchar        as platform,       -- where
    d.partnership_id::varchar  as partnership_id, -- partnership that brought the first order; '' is everybody on the platform
    d.date::date               as date,           -- day on which the time was over
    sum(d.buyers_30)::bigint   as buyers_30,      -- buyers whose first order came 30 days before
    sum(d.by_30)::bigint       as repeated_30,    -- of them those with another order by then that was not cancelled
    sum(d.buyers_60)::bigint   as buyers_60,      -- buyers whose first order came 60 days before
    sum(d.by_60)::bigint       as repeated_60,    -- of them those with another order by then that was not cancelled
    sum(d.buyers_90)::bigint   as buyers_90,      -- buyers whose first order came 90 days before
    sum(d.by_90)::bigint       as repeated_90     -- of them those with another order by then that was not cancelled
from due as d
join open as n on n.platform = d.platform and n.date = d.date
group by d.platform, d.partnership_id, d.date
