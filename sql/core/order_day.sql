-- What the orders of a day add up to, by channel and partnership, in the currency they were paid in; channel '' is all of them.
-- grain: platform, date, channel, partnership_id, currency
-- twin: no
-- portable: yes
-- daily: date
with event as (
    select
        o.platform, cast(o.event_time as date) as date, o.channel, o.partnership_id, o.currency, o.event_id, o.event_time,
        o.buyer_id_hash, o.amount, o.status, o.is_simulated, o.loaded_at, f.event_id is not null as is_first
    from core.order_event as o
    left join core.first_purchase as f on f.platform = o.platform and f.buyer_id_hash = o.buyer_id_hash and f.event_id = o.event_id
),
-- An order without channel and partnership counts in the total only.
placed as (
    select e.*, e.channel as of_channel, e.partnership_id as of_partnership from event as e where e.channel <> '' or e.partnership_id <> ''
    union all
    select e.*, '' as of_channel, '' as of_partnership from event as e
),
-- A buyer of the day counts once, in the currency of the day's first order.
ranked as (
    select
        p.*, row_number() over (
            partition by p.platform, p.date, p.of_channel, p.of_partnership, p.buyer_id_hash order by p.event_time, p.event_id
        ) as place
    from placed as p
)
select
    r.platform::varchar                                                   as platform,       -- slug
    r.date::date                                                          as date,           -- day, UTC
    r.of_channel::varchar                                                 as channel,        -- channel; '' is the total of all orders
    r.of_partnership::varchar                                             as partnership_id, -- partnership that brought them; '' is none
    r.currency::varchar                                                   as currency,       -- ISO 4217 code of the amounts
    count(*)::bigint                                                      as orders,         -- orders placed
    (count(*) filter (where r.place = 1))::bigint                         as buyers,         -- persons who placed an order
    (count(*) filter (where r.is_first))::bigint                          as new_buyers,     -- persons whose first order it was
    sum(r.amount)::decimal(38,4)                                          as gmv,            -- value of the orders placed
    coalesce(sum(r.amount) filter (where r.status = 'cancelled'), 0)::decimal(38,4) as cancelled_gmv, -- value of those cancelled since
    coalesce(sum(r.amount) filter (where r.status = 'refunded'), 0)::decimal(38,4)  as refunded_gmv,  -- value of those refunded since
    bool_or(r.is_simulated)::boolean                                      as is_simulated,   -- true where an order is made up, for a demo
    max(r.loaded_at)::timestamptz                                         as loaded_at       -- when this warehouse knew them all
from ranked as r
group by r.platform, r.date, r.of_channel, r.of_partnership, r.currency
