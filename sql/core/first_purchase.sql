-- The first order of a buyer on a platform, whatever became of it, and who brought it; an order without a buyer is
-- nobody's first.
-- grain: platform, buyer_id_hash
-- twin: no
-- portable: yes
-- daily: first_on, key
with first as (
    select
        order_event.platform,
        order_event.buyer_id_hash,
        min(
            struct_pack(
                event_time := order_event.event_time,
                event_id := order_event.event_id,
                channel := order_event.channel,
                partnership_id := order_event.partnership_id
            )
        ) as purchase
    from core.order_event as order_event
    where order_event.buyer_id_hash is not null
    group by order_event.platform, order_event.buyer_id_hash
)
select
    first.platform::varchar as platform,                        -- where
    first.buyer_id_hash::varchar as buyer_id_hash,              -- hash of the buyer's identifier
    cast(first.purchase.event_time as date)::date as first_on,  -- day of it, UTC; the first that was delivered here
    first.purchase.event_id::varchar as event_id,               -- the order
    first.purchase.channel::varchar as channel,                 -- channel that brought it; '' is none known
    first.purchase.partnership_id::varchar as partnership_id    -- partnership that brought it; '' is none
from first
