-- The first order of a buyer on a platform, whatever became of it, and who brought it.
-- grain: platform, buyer_id_hash
-- twin: no
-- portable: yes
-- daily: first_on, key
with first as (
    select
        o.platform, o.buyer_id_hash,
        min(struct_pack(event_time := o.event_time, event_id := o.event_id, channel := o.channel, partnership_id := o.partnership_id)) as purchase
    from core.order_event as o
    group by o.platform, o.buyer_id_hash
)
select
    f.platform::varchar                       as platform,       -- where
    f.buyer_id_hash::varchar                  as buyer_id_hash,  -- hash of the buyer's identifier
    cast(f.purchase.event_time as date)::date as first_on,       -- day of it, UTC; the first that was delivered here
    f.purchase.event_id::varchar              as event_id,       -- the order
    f.purchase.channel::varchar               as channel,        -- channel that brought it; '' is none known
    f.purchase.partnership_id::varchar        as partnership_id  -- partnership that brought it; '' is none
from first as f
