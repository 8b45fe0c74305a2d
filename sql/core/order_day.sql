-- What the orders of a day add up to, by channel and partnership, in the currency they were paid in: orders that
-- nothing places are in channel unattributed. Channel '' is all of them, of the platform or of a partnership.
-- An order without a buyer is an order and no buyer. Where no order that a channel has on a day tells its buyer, nobody
-- knows how many they were, which is empty; so it is for a partnership, and for the platform.
-- group: daily_figures
-- grain: platform, date, channel, partnership_id, currency
-- twin: no
-- portable: yes
-- daily: date
with event as (
    select
        order_event.platform,
        order_event.date,
        order_event.channel,
        order_event.partnership_id,
        order_event.currency,
        order_event.event_id,
        order_event.event_time,
        order_event.buyer_id_hash,
        order_event.amount,
        order_event.is_simulated,
        order_event.loaded_at,
        case when order_event.status = 'cancelled' then order_event.amount else 0 end as cancelled,
        case order_event.status
            when 'cancelled' then 0
            when 'refunded' then coalesce(order_event.refunded, order_event.amount)
            else coalesce(order_event.refunded, 0)
        end as refunded,
        first_purchase.event_id is not null as is_first,
        kept.event_id is not null as is_first_kept
    from core.order_attribution as order_event
    left join
        core.first_purchase as first_purchase
        on
            first_purchase.platform = order_event.platform
            and first_purchase.buyer_id_hash = order_event.buyer_id_hash
            and first_purchase.event_id = order_event.event_id
    left join
        core.first_kept_purchase as kept
        on
            kept.platform = order_event.platform
            and kept.buyer_id_hash = order_event.buyer_id_hash
            and kept.event_id = order_event.event_id
    where order_event.basis = 'last_touch'
),
placed as (
    select
        event.*,
        event.channel as of_channel,
        event.partnership_id as of_partnership
    from event
    union all
    select
        event.*,
        '' as of_channel,
        event.partnership_id as of_partnership
    from event
    where event.partnership_id <> ''
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
),
summed as (
    select
        ranked.platform,
        ranked.date,
        ranked.of_channel,
        ranked.of_partnership,
        ranked.currency,
        count(*) as orders,
        count(ranked.buyer_id_hash) as told,
        count(ranked.buyer_id_hash) filter (where ranked.place = 1) as buyers,
        count(*) filter (where ranked.is_first) as new_buyers,
        count(*) filter (where ranked.is_first_kept) as new_buyers_kept,
        sum(ranked.amount) as gmv,
        sum(ranked.cancelled) as cancelled_gmv,
        sum(ranked.refunded) as refunded_gmv,
        bool_or(ranked.is_simulated) as is_simulated,
        max(ranked.loaded_at) as loaded_at
    from ranked
    group by ranked.platform, ranked.date, ranked.of_channel, ranked.of_partnership, ranked.currency
),
known as (
    select
        summed.*,
        max(summed.told)
            over (
                partition by
                    summed.platform,
                    summed.date,
                    summed.of_channel,
                    case when summed.of_channel = '' then summed.of_partnership end
            )
        > 0 as has_buyers
    from summed
)
select
    known.platform::varchar as platform,              -- slug
    known.date::date as date,                         -- day, UTC
    known.of_channel::varchar as channel,             -- channel; '' is the total of all channels
    known.of_partnership::varchar as partnership_id,  -- partnership that brought them; '' is none
    known.currency::varchar as currency,              -- ISO 4217 code of the amounts
    known.orders::bigint as orders,                   -- orders placed
    (known.orders - known.told)::bigint as orders_without_buyer,  -- of them those that tell no buyer
    (case when known.has_buyers then known.buyers end)::bigint as buyers,
    -- persons who placed an order; empty where no order of the channel's day tells its buyer
    (case when known.has_buyers then known.new_buyers end)::bigint as new_buyers,
    -- persons whose first order it was, whatever became of it; empty as buyers is
    (case when known.has_buyers then known.new_buyers_kept end)::bigint as new_buyers_kept,
    -- persons whose first order that was not cancelled it was; empty as buyers is
    known.gmv::decimal(38, 4) as gmv,                 -- value of the orders placed
    known.cancelled_gmv::decimal(38, 4) as cancelled_gmv,  -- value of those cancelled since
    known.refunded_gmv::decimal(38, 4) as refunded_gmv,  -- refunded of the others since, whole or in part
    known.is_simulated::boolean as is_simulated,      -- true where an order is made up, for a demo
    known.loaded_at::timestamp as loaded_at         -- when this warehouse knew them all, UTC
from known
