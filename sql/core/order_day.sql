-- What the orders of a day add up to, by channel and partnership, in the currency they were paid in; channel '' is all
-- of them.
-- grain: platform, date, channel, partnership_id, currency
-- twin: no
-- portable: yes
-- daily: date
with event as (
    select
        order_event.platform,
        cast(order_event.event_time as date) as date,
        order_event.channel,
        order_event.partnership_id,
        order_event.currency,
        order_event.event_id,
        order_event.event_time,
        order_event.buyer_id_hash,
        order_event.amount,
        order_event.status,
        order_event.is_simulated,
        order_event.loaded_at,
        first_purchase.event_id is not null as is_first
    from core.order_event as order_event
    left join
        core.first_purchase as first_purchase
        on
            first_purchase.platform = order_event.platform
            and first_purchase.buyer_id_hash = order_event.buyer_id_hash
            and first_purchase.event_id = order_event.event_id
),
-- An order without channel and partnership counts in the total only.
placed as (
    select
        event.*,
        event.channel as of_channel,
        event.partnership_id as of_partnership
    from event
    where event.channel <> '' or event.partnership_id <> ''
    union all
    select
        event.*,
        '' as of_channel,
        '' as of_partnership
    from event
),
-- A buyer of the day counts once, in the currency of the day's first order.
ranked as (
    select
        placed.*,
        row_number() over (
            partition by placed.platform, placed.date, placed.of_channel, placed.of_partnership, placed.buyer_id_hash
            order by placed.event_time, placed.event_id
        ) as place
    from placed
)
select
    ranked.platform::varchar as platform,                   -- slug
    ranked.date::date as date,                              -- day, UTC
    ranked.of_channel::varchar as channel,                  -- channel; '' is the total of all orders
    ranked.of_partnership::varchar as partnership_id,       -- partnership that brought them; '' is none
    ranked.currency::varchar as currency,                   -- ISO 4217 code of the amounts
    count(*)::bigint as orders,                             -- orders placed
    (count(*) filter (where ranked.place = 1))::bigint as buyers,  -- persons who placed an order
    (count(*) filter (where ranked.is_first))::bigint as new_buyers,  -- persons whose first order it was
    sum(ranked.amount)::decimal(38, 4) as gmv,              -- value of the orders placed
    coalesce(sum(ranked.amount) filter (where ranked.status = 'cancelled'), 0)::decimal(38, 4) as cancelled_gmv,
    -- value of those cancelled since
    coalesce(sum(ranked.amount) filter (where ranked.status = 'refunded'), 0)::decimal(38, 4) as refunded_gmv,
    -- value of those refunded since
    bool_or(ranked.is_simulated)::boolean as is_simulated,  -- true where an order is made up, for a demo
    max(ranked.loaded_at)::timestamptz as loaded_at         -- when this warehouse knew them all
from ranked
group by ranked.platform, ranked.date, ranked.of_channel, ranked.of_partnership, ranked.currency
