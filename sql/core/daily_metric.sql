-- What a platform did on a day, by channel and partnership, in its reporting currency: as delivered, and from its orders what was not delivered.
-- Amounts are DECIMAL(19,4) times DECIMAL(18,10): what both engines carry exactly. A delivered figure is never replaced, not even where the orders say otherwise: events_orders and events_gmv stand beside it.
-- grain: platform, date, channel, partnership_id
-- twin: no
-- portable: yes
-- daily: date
with delivered as (
    select m.*, c.rate, c.rate_kind, c.rate_route, c.rate_source, coalesce(c.rate_kind = 'same', false) as is_same
    from core.platform_metric_daily as m
    join core.platform as p on p.platform = m.platform
    left join core.conversion_rate as c on c.date = m.date and c.currency = m.currency and c.to_currency = p.reporting_currency
),
counted as (
    select
        o.platform, o.date, o.channel, o.partnership_id, sum(o.orders) as orders, sum(o.buyers) as buyers, sum(o.new_buyers) as new_buyers,
        case when count(c.rate) = count(*) then sum(cast(o.gmv as decimal(19,4)) * c.rate) end as gmv,
        case when count(c.rate) = count(*) then sum(cast(o.cancelled_gmv as decimal(19,4)) * c.rate) end as cancelled_gmv,
        case when count(c.rate) = count(*) then sum(cast(o.refunded_gmv as decimal(19,4)) * c.rate) end as refunded_gmv,
        count(c.rate) < count(*) as no_rate, bool_or(o.is_simulated) as is_simulated, max(o.loaded_at) as loaded_at
    from core.order_day as o
    join core.platform as p on p.platform = o.platform
    left join core.conversion_rate as c on c.date = o.date and c.currency = o.currency and c.to_currency = p.reporting_currency
    group by o.platform, o.date, o.channel, o.partnership_id
)
select
    coalesce(d.platform, e.platform)::varchar as platform, -- slug
    coalesce(d.date, e.date)::date as date, -- day
    coalesce(d.channel, e.channel)::varchar as channel, -- channel of the traffic; '' is the total of all channels
    coalesce(d.partnership_id, e.partnership_id)::varchar as partnership_id, -- partnership that brought it; '' is none
    p.reporting_currency::varchar                     as currency,        -- ISO 4217 code of the amounts: the platform's reporting currency
    d.dau::bigint                                     as dau,             -- active users of the day, persons
    d.sessions::bigint                                as sessions,        -- visits
    coalesce(d.orders, e.orders)::bigint as orders, -- orders placed
    coalesce(d.buyers, e.buyers)::bigint as buyers, -- persons who placed an order that day
    coalesce(d.new_buyers, e.new_buyers)::bigint as new_buyers, -- persons whose first order it was
    (case when d.gmv is null then cast(e.gmv as decimal(18,4)) when d.is_same then d.gmv else cast(cast(d.gmv as decimal(19,4)) * d.rate as decimal(18,4)) end)::decimal(18,4) as gmv, -- value of the orders placed
    (case when d.cancelled_gmv is null then cast(e.cancelled_gmv as decimal(18,4)) when d.is_same then d.cancelled_gmv else cast(cast(d.cancelled_gmv as decimal(19,4)) * d.rate as decimal(18,4)) end)::decimal(18,4) as cancelled_gmv, -- value of orders cancelled
    (case when d.refunded_gmv is null then cast(e.refunded_gmv as decimal(18,4)) when d.is_same then d.refunded_gmv else cast(cast(d.refunded_gmv as decimal(19,4)) * d.rate as decimal(18,4)) end)::decimal(18,4) as refunded_gmv, -- value of orders refunded
    (case when d.is_same then d.marketing_spend else cast(cast(d.marketing_spend as decimal(19,4)) * d.rate as decimal(18,4)) end)::decimal(18,4) as marketing_spend, -- spent on marketing
    (case when d.is_same then d.subsidies else cast(cast(d.subsidies as decimal(19,4)) * d.rate as decimal(18,4)) end)::decimal(18,4) as subsidies, -- coupons and subsidies paid by the platform
    (case when d.is_same then d.commission else cast(cast(d.commission as decimal(19,4)) * d.rate as decimal(18,4)) end)::decimal(18,4) as commission, -- commission paid to or received from the partner
    (case when e.platform is null then 'delivered' when d.platform is null then 'events'
        when d.orders is null or d.buyers is null or d.new_buyers is null or d.gmv is null or d.cancelled_gmv is null or d.refunded_gmv is null
        then 'delivered, rest from events' else 'delivered' end)::varchar as source, -- delivered, events (counted from orders) or delivered, rest from events
    e.orders::bigint                                  as events_orders,   -- orders as counted from events; empty where the team has none
    e.gmv::decimal(18,4)                              as events_gmv,      -- their value; empty where the team has none, or no rate
    d.currency::varchar                               as delivered_currency, -- ISO 4217 code of the amounts as delivered
    d.rate::decimal(18,10)                            as rate,            -- units of currency for one of delivered_currency
    d.rate_kind::varchar                              as rate_kind,       -- same, day, earlier_day or period
    d.rate_route::varchar                             as rate_route,      -- given, inverse or cross; empty for the same currency
    d.rate_source::varchar                            as rate_source,     -- who says so
    (coalesce(d.currency is not null and d.rate is null, false) or coalesce(d.gmv is null and e.no_rate, false))::boolean as no_rate, -- true where amounts stay empty, for no rate is known
    (coalesce(d.is_simulated, false) or coalesce(e.is_simulated, false))::boolean as is_simulated, -- true where the figures are made up, for a demo
    greatest(d.loaded_at, e.loaded_at)::timestamptz   as loaded_at        -- when this warehouse knew them
from delivered as d
full join counted as e on e.platform = d.platform and e.date = d.date and e.channel = d.channel and e.partnership_id = d.partnership_id
join core.platform as p on p.platform = coalesce(d.platform, e.platform)
