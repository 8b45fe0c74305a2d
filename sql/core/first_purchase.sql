-- The first order of a buyer on a platform, whatever became of it, and who brought it; an order without a buyer is
-- nobody's first.
-- group: buyers
-- grain: platform, buyer_id_hash
-- twin: no
-- portable: yes
-- daily: first_on, key
with first as (
    select
        placed.platform,
        placed.buyer_id_hash,
        min(
            struct_pack(
                event_time := placed.event_time,
                event_id := placed.event_id,
                channel := placed.channel,
                partnership_id := placed.partnership_id
            )
        ) as purchase
    from core.order_attribution as placed
    where placed.basis = 'last_touch' and placed.buyer_id_hash is not null
    group by placed.platform, placed.buyer_id_hash
)
select
    first.platform::varchar as platform,                        -- where
    first.buyer_id_hash::varchar as buyer_id_hash,              -- hash of the buyer's identifier
    cast(first.purchase.event_time as date)::date as first_on,  -- day of it, UTC; the first that was delivered here
    first.purchase.event_id::varchar as event_id,               -- the order
    first.purchase.channel::varchar as channel,                 -- channel that brought it
    first.purchase.partnership_id::varchar as partnership_id    -- partnership that brought it; '' is none
from first
