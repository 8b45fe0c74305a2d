-- How well the orders of a day are placed: how many have a channel, how many stay open, how many traces contradict each
-- other, and what other systems tell that belongs to no order.
-- grain: platform, date
-- twin: no
-- portable: yes
-- daily: date, 1, 1
-- contract: deliveries
with placed as (
    select
        attribution.platform,
        attribution.date,
        count(*) as orders,
        sum(case when attribution.channel = 'unattributed' then 1 else 0 end) as open_orders,
        sum(case when attribution.is_contradicted then 1 else 0 end) as contradicted,
        sum(case when attribution.channel <> attribution.channel_before then 1 else 0 end) as moved,
        bool_or(attribution.is_simulated) as is_simulated,
        max(attribution.loaded_at) as loaded_at
    from core.order_attribution as attribution
    where attribution.basis = 'last_touch'
    group by attribution.platform, attribution.date
),
recorded as (
    select
        recorded.platform,
        recorded.date,
        count(*) as orders
    from (
        select
            order_event.platform,
            cast(order_event.event_time as date) as date
        from core.order_event as order_event
        where order_event.recorder <> ''
    ) as recorded
    group by recorded.platform, recorded.date
),
counted as (
    select
        attribution.platform,
        attribution.date,
        count(*) as orders
    from core.order_attribution as attribution
    where attribution.basis = 'last_touch' and attribution.recorder <> ''
    group by attribution.platform, attribution.date
),
touch as (
    select
        told.platform,
        cast(told.touched_at as date) as date,
        lower(told.reporter) as reporter,
        lower(told.transaction_id) as transaction_key,
        max(told.loaded_at) as loaded_at,
        bool_or(told.is_simulated) as is_simulated
    from core.order_touch as told
    group by
        told.platform, cast(told.touched_at as date), lower(told.reporter), lower(told.transaction_id)
),
named as (
    select
        attribution.platform,
        attribution.date,
        lower(attribution.event_id) as order_key
    from core.order_attribution as attribution
    where attribution.basis = 'last_touch'
    union all
    select
        attribution.platform,
        attribution.date,
        lower(attribution.transaction_id)
    from core.order_attribution as attribution
    where attribution.basis = 'last_touch' and attribution.transaction_id is not null
),
known as (
    select distinct
        touch.platform,
        touch.date,
        touch.reporter,
        touch.transaction_key
    from touch
    join named on named.platform = touch.platform and named.order_key = touch.transaction_key
    where abs(date_diff('day', named.date, touch.date)) <= 1
),
touched as (
    select
        touch.platform,
        touch.date,
        count(*) as touches,
        sum(case when known.reporter is null then 1 else 0 end) as unknown_touches,
        bool_or(touch.is_simulated) as is_simulated,
        max(touch.loaded_at) as loaded_at
    from touch
    left join
        known
        on
            known.platform = touch.platform
            and known.date = touch.date
            and known.reporter = touch.reporter
            and known.transaction_key = touch.transaction_key
    group by touch.platform, touch.date
)
select
    coalesce(placed.platform, touched.platform)::varchar as platform,  -- slug
    coalesce(placed.date, touched.date)::date as date,       -- day, UTC
    coalesce(placed.orders, 0)::bigint as orders,            -- orders that count
    (placed.orders - placed.open_orders)::bigint as attributed_orders,  -- of them those with a channel
    placed.open_orders::bigint as unattributed_orders,       -- of them those that nothing places
    (cast(placed.open_orders as double) / nullif(cast(placed.orders as double), 0))::double as unattributed_share,
    -- of the orders those that nothing places, 0 to 1; empty without orders
    placed.contradicted::bigint as contradicted_orders,      -- orders of which two traces name two channels
    placed.moved::bigint as moved_orders,
    -- orders in another channel than before the rules changed last
    coalesce(touched.touches, 0)::bigint as touches,
    -- orders that other systems tell of, each system's once
    coalesce(touched.unknown_touches, 0)::bigint as unknown_touches,
    -- of them those that belong to no order of the day or of a day beside it
    (coalesce(recorded.orders, 0) - coalesce(counted.orders, 0))::bigint as doubled_orders,
    -- orders recorded by another system that the shop has too: they count once
    (coalesce(placed.is_simulated, false) or coalesce(touched.is_simulated, false))::boolean as is_simulated,
    -- true where an order or touch is made up, for a demo
    greatest(placed.loaded_at, touched.loaded_at)::timestamp as loaded_at  -- when this warehouse knew them, UTC
from placed
full join touched on touched.platform = placed.platform and touched.date = placed.date
left join
    recorded
    on
        recorded.platform = coalesce(placed.platform, touched.platform)
        and recorded.date = coalesce(placed.date, touched.date)
left join
    counted
    on
        counted.platform = coalesce(placed.platform, touched.platform)
        and counted.date = coalesce(placed.date, touched.date)
