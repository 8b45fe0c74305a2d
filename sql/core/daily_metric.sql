-- What a platform did on a day, by channel and partnership, in its reporting currency: as delivered, and from its
-- orders what was not delivered.
-- Amounts are DECIMAL(19,4) times a rate of DECIMAL(18,10), times 0.000001 where it is for a million units: what both
-- engines carry exactly. A delivered figure is never replaced, not even where the orders say otherwise: events_orders
-- and events_gmv stand beside it. A day without orders in a feed that goes on has none, which is 0.
-- grain: platform, date, channel, partnership_id
-- twin: no
-- portable: yes
-- daily: date
with delivered as (
    select
        daily.*,
        conversion.rate,
        conversion.rate_unit,
        conversion.rate_kind,
        conversion.rate_route,
        conversion.rate_source,
        coalesce(conversion.rate_kind = 'same', false) as is_same
    from core.platform_metric_daily as daily
    join core.platform_ever as platform on platform.platform = daily.platform
    left join
        core.conversion_rate as conversion
        on
            conversion.date = daily.date
            and conversion.currency = daily.currency
            and conversion.to_currency = platform.reporting_currency
),
converted as (
    select
        orders.platform,
        orders.date,
        orders.channel,
        orders.partnership_id,
        orders.orders,
        orders.buyers,
        orders.new_buyers,
        orders.is_simulated,
        orders.loaded_at,
        conversion.rate,
        cast(cast(orders.gmv as decimal(19, 4)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit as gmv,
        cast(cast(orders.cancelled_gmv as decimal(19, 4)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit
            as cancelled_gmv,
        cast(cast(orders.refunded_gmv as decimal(19, 4)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit
            as refunded_gmv
    from core.order_day as orders
    join core.platform_ever as platform on platform.platform = orders.platform
    left join
        core.conversion_rate as conversion
        on
            conversion.date = orders.date
            and conversion.currency = orders.currency
            and conversion.to_currency = platform.reporting_currency
    union all
    select
        silent.platform,
        silent.date,
        silent.channel,
        silent.partnership_id,
        0,
        0,
        0,
        silent.is_simulated,
        silent.loaded_at,
        1,
        0,
        0,
        0
    from core.order_silence as silent
),
counted as (
    select
        orders.platform,
        orders.date,
        orders.channel,
        orders.partnership_id,
        sum(orders.orders) as orders,
        sum(orders.buyers) as buyers,
        sum(orders.new_buyers) as new_buyers,
        case when count(orders.rate) = count(*) then sum(orders.gmv) end as gmv,
        case when count(orders.rate) = count(*) then sum(orders.cancelled_gmv) end as cancelled_gmv,
        case when count(orders.rate) = count(*) then sum(orders.refunded_gmv) end as refunded_gmv,
        count(orders.rate) < count(*) as no_rate,
        bool_or(orders.is_simulated) as is_simulated,
        max(orders.loaded_at) as loaded_at
    from converted as orders
    group by orders.platform, orders.date, orders.channel, orders.partnership_id
)
select
    coalesce(delivered.platform, counted.platform)::varchar as platform,  -- slug
    coalesce(delivered.date, counted.date)::date as date,  -- day
    coalesce(delivered.channel, counted.channel)::varchar as channel,
    -- channel of the traffic; '' is the total of all channels
    coalesce(delivered.partnership_id, counted.partnership_id)::varchar as partnership_id,
    -- partnership that brought it; '' is none
    platform.reporting_currency::varchar as currency,
    -- ISO 4217 code of the amounts: the platform's reporting currency
    delivered.dau::bigint as dau,                          -- active users of the day, persons
    delivered.sessions::bigint as sessions,                -- visits
    coalesce(delivered.orders, counted.orders)::bigint as orders,  -- orders placed
    coalesce(delivered.buyers, counted.buyers)::bigint as buyers,  -- persons who placed an order that day
    coalesce(delivered.new_buyers, counted.new_buyers)::bigint as new_buyers,  -- persons whose first order it was
    (
        case
            when delivered.gmv is null then cast(counted.gmv as decimal(18, 4))
            when delivered.is_same then delivered.gmv
            else cast(
                cast(cast(delivered.gmv as decimal(19, 4)) * delivered.rate as decimal(30, 14))
                * delivered.rate_unit as decimal(18, 4)
            )
        end
    )::decimal(18, 4) as gmv,                              -- value of the orders placed
    (
        case
            when delivered.cancelled_gmv is null then cast(counted.cancelled_gmv as decimal(18, 4))
            when delivered.is_same then delivered.cancelled_gmv
            else cast(
                cast(cast(delivered.cancelled_gmv as decimal(19, 4)) * delivered.rate as decimal(30, 14))
                * delivered.rate_unit as decimal(18, 4)
            )
        end
    )::decimal(18, 4) as cancelled_gmv,                    -- value of orders cancelled
    (
        case
            when delivered.refunded_gmv is null then cast(counted.refunded_gmv as decimal(18, 4))
            when delivered.is_same then delivered.refunded_gmv
            else cast(
                cast(cast(delivered.refunded_gmv as decimal(19, 4)) * delivered.rate as decimal(30, 14))
                * delivered.rate_unit as decimal(18, 4)
            )
        end
    )::decimal(18, 4) as refunded_gmv,                     -- value of orders refunded
    (
        case
            when delivered.is_same then delivered.marketing_spend
            else cast(
                cast(cast(delivered.marketing_spend as decimal(19, 4)) * delivered.rate as decimal(30, 14))
                * delivered.rate_unit as decimal(18, 4)
            )
        end
    )::decimal(18, 4) as marketing_spend,                  -- spent on marketing
    (
        case
            when delivered.is_same then delivered.subsidies
            else cast(
                cast(cast(delivered.subsidies as decimal(19, 4)) * delivered.rate as decimal(30, 14))
                * delivered.rate_unit as decimal(18, 4)
            )
        end
    )::decimal(18, 4) as subsidies,                        -- coupons and subsidies paid by the platform
    (
        case
            when delivered.is_same then delivered.commission
            else cast(
                cast(cast(delivered.commission as decimal(19, 4)) * delivered.rate as decimal(30, 14))
                * delivered.rate_unit as decimal(18, 4)
            )
        end
    )::decimal(18, 4) as commission,                       -- commission paid to or received from the partner
    (case
        when counted.platform is null then 'delivered'
        when delivered.platform is null then 'events'
        when
            delivered.orders is null
            or delivered.buyers is null
            or delivered.new_buyers is null
            or delivered.gmv is null
            or delivered.cancelled_gmv is null
            or delivered.refunded_gmv is null
            then 'delivered, rest from events'
        else 'delivered'
    end)::varchar as source,  -- delivered, events (counted from orders) or delivered, rest from events
    counted.orders::bigint as events_orders,  -- orders as counted from events; empty where the team has none
    counted.gmv::decimal(18, 4) as events_gmv,             -- their value; empty where the team has none, or no rate
    delivered.currency::varchar as delivered_currency,     -- ISO 4217 code of the amounts as delivered
    delivered.rate::decimal(18, 10) as rate,
    -- units of currency for one of delivered_currency, once multiplied by rate_unit
    delivered.rate_unit::decimal(7, 6) as rate_unit,       -- 1, or 0.000001 where the rate is for a million units
    delivered.rate_kind::varchar as rate_kind,             -- same, day, earlier_day or period
    delivered.rate_route::varchar as rate_route,           -- given, inverse or cross; empty for the same currency
    delivered.rate_source::varchar as rate_source,         -- who says so
    (
        coalesce(delivered.currency is not null and delivered.rate is null, false)
        or coalesce(delivered.gmv is null and counted.no_rate, false)
    )::boolean as no_rate,                                 -- true where amounts stay empty, for no rate is known
    (coalesce(delivered.is_simulated, false) or coalesce(counted.is_simulated, false))::boolean as is_simulated,
    -- true where the figures are made up, for a demo
    greatest(delivered.loaded_at, counted.loaded_at)::timestamptz as loaded_at  -- when this warehouse knew them
from delivered
full join
    counted
    on
        counted.platform = delivered.platform
        and counted.date = delivered.date
        and counted.channel = delivered.channel
        and counted.partnership_id = delivered.partnership_id
join core.platform_ever as platform on platform.platform = coalesce(delivered.platform, counted.platform)
