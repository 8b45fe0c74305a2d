-- What a platform did on a day, by channel and partnership, in its reporting currency: as delivered, and from its
-- orders what was not delivered.
-- Accounts and currencies of a day add up, each converted by the rate of its own currency. Amounts are DECIMAL(19,4),
-- spend DECIMAL(19,6), times a rate of DECIMAL(18,10), times 0.000001 where it is for a million units: what both
-- engines carry exactly. A delivered figure is never replaced, not even where the orders say otherwise: events_orders
-- and events_gmv stand beside it. A day without orders in a feed that goes on has none, which is 0.
-- group: daily_figures
-- grain: platform, date, channel, partnership_id
-- twin: no
-- portable: yes
-- daily: date
with account as (
    select
        daily.platform,
        daily.date,
        coalesce(of_account.counts_as, of_channel.counts_as, daily.channel) as channel,
        coalesce(of_account.repeats, of_channel.repeats, false) as repeats,
        daily.channel as delivered_channel,
        coalesce(of_account.account, '') as declared_account,
        daily.partnership_id,
        daily.currency,
        daily.dau,
        daily.sessions,
        daily.clicks,
        daily.orders,
        daily.buyers,
        daily.new_buyers,
        daily.reported_orders,
        daily.gmv,
        daily.cancelled_gmv,
        daily.refunded_gmv,
        daily.marketing_spend,
        daily.subsidies,
        daily.commission,
        daily.is_simulated,
        daily.loaded_at,
        conversion.rate,
        conversion.rate_unit,
        conversion.rate_kind,
        conversion.rate_route,
        conversion.rate_source,
        cast(cast(daily.gmv as decimal(19, 4)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit as own_gmv,
        cast(cast(daily.cancelled_gmv as decimal(19, 4)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit
            as own_cancelled_gmv,
        cast(cast(daily.refunded_gmv as decimal(19, 4)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit
            as own_refunded_gmv,
        cast(cast(daily.marketing_spend as decimal(19, 6)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit
            as own_marketing_spend,
        cast(cast(daily.subsidies as decimal(19, 4)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit
            as own_subsidies,
        cast(cast(daily.commission as decimal(19, 4)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit
            as own_commission
    from core.platform_metric_daily as daily
    join core.platform_ever as platform on platform.platform = daily.platform
    left join
        core.conversion_rate as conversion
        on
            conversion.date = daily.date
            and conversion.currency = daily.currency
            and conversion.to_currency = platform.reporting_currency
    left join
        core.channel_name as of_account
        on
            of_account.platform = daily.platform
            and of_account.delivered_channel = daily.channel
            and of_account.account = daily.account
            and of_account.account <> ''
            and daily.date between of_account.valid_from and of_account.valid_to
    left join
        core.channel_name as of_channel
        on
            of_channel.platform = daily.platform
            and of_channel.delivered_channel = daily.channel
            and of_channel.account = ''
            and daily.date between of_channel.valid_from and of_channel.valid_to
),
copied as (
    select
        account.platform,
        account.date,
        account.channel,
        account.partnership_id,
        account.delivered_channel,
        account.declared_account,
        sum(account.own_marketing_spend) as spend
    from account
    where account.repeats
    group by
        account.platform,
        account.date,
        account.channel,
        account.partnership_id,
        account.delivered_channel,
        account.declared_account
),
-- A figure of an account that only repeats another counts where the channel has no other of the day.
repeated as (
    select
        copied.platform,
        copied.date,
        copied.channel,
        copied.partnership_id,
        max(copied.spend) as largest_spend
    from copied
    group by copied.platform, copied.date, copied.channel, copied.partnership_id
),
own as (
    select
        account.platform,
        account.date,
        account.channel,
        account.partnership_id,
        true as is_repeated,  -- a join on a column of one table only would compare all rows with all in DuckDB
        count(account.dau) as dau,
        count(account.sessions) as sessions,
        count(account.clicks) as clicks,
        count(account.orders) as orders,
        count(account.buyers) as buyers,
        count(account.new_buyers) as new_buyers,
        count(account.reported_orders) as reported_orders,
        count(account.gmv) as gmv,
        count(account.cancelled_gmv) as cancelled_gmv,
        count(account.refunded_gmv) as refunded_gmv,
        count(account.marketing_spend) as marketing_spend,
        count(account.subsidies) as subsidies,
        count(account.commission) as commission
    from account
    join
        repeated
        on
            repeated.platform = account.platform
            and repeated.date = account.date
            and repeated.channel = account.channel
            and repeated.partnership_id = account.partnership_id
    where not account.repeats
    group by account.platform, account.date, account.channel, account.partnership_id
),
once as (
    select
        account.platform,
        account.date,
        account.channel,
        account.partnership_id,
        account.currency,
        case when own.dau > 0 then null else account.dau end as dau,
        case when own.sessions > 0 then null else account.sessions end as sessions,
        case when own.clicks > 0 then null else account.clicks end as clicks,
        case when own.orders > 0 then null else account.orders end as orders,
        case when own.buyers > 0 then null else account.buyers end as buyers,
        case when own.new_buyers > 0 then null else account.new_buyers end as new_buyers,
        case when own.reported_orders > 0 then null else account.reported_orders end as reported_orders,
        case when own.gmv > 0 then null else account.gmv end as gmv,
        case when own.cancelled_gmv > 0 then null else account.cancelled_gmv end as cancelled_gmv,
        case when own.refunded_gmv > 0 then null else account.refunded_gmv end as refunded_gmv,
        case when own.marketing_spend > 0 then null else account.marketing_spend end as marketing_spend,
        case when own.subsidies > 0 then null else account.subsidies end as subsidies,
        case when own.commission > 0 then null else account.commission end as commission,
        case when own.gmv > 0 then null else account.own_gmv end as own_gmv,
        case when own.cancelled_gmv > 0 then null else account.own_cancelled_gmv end as own_cancelled_gmv,
        case when own.refunded_gmv > 0 then null else account.own_refunded_gmv end as own_refunded_gmv,
        case when own.marketing_spend > 0 then null else account.own_marketing_spend end as own_marketing_spend,
        case when own.subsidies > 0 then null else account.own_subsidies end as own_subsidies,
        case when own.commission > 0 then null else account.own_commission end as own_commission,
        case when own.marketing_spend > 0 then account.own_marketing_spend end as duplicate_spend,
        account.is_simulated,
        account.loaded_at,
        account.rate,
        account.rate_unit,
        account.rate_kind,
        account.rate_route,
        account.rate_source
    from account
    left join
        own
        on
            own.is_repeated = account.repeats
            and own.platform = account.platform
            and own.date = account.date
            and own.channel = account.channel
            and own.partnership_id = account.partnership_id
),
-- An amount that one account delivered without a rate leaves the sum empty, but it was delivered.
delivered as (
    select
        once.platform,
        once.date,
        once.channel,
        once.partnership_id,
        min(once.currency) as first_currency,
        max(once.currency) as last_currency,
        case when min(once.currency) = max(once.currency) then min(once.currency) end as currency,
        sum(once.dau) as dau,
        sum(once.sessions) as sessions,
        sum(once.clicks) as clicks,
        sum(once.orders) as orders,
        sum(once.buyers) as buyers,
        sum(once.new_buyers) as new_buyers,
        sum(once.reported_orders) as reported_orders,
        case when count(once.own_gmv) = count(once.gmv) then sum(once.own_gmv) end as gmv,
        case
            when count(once.own_cancelled_gmv) = count(once.cancelled_gmv) then sum(once.own_cancelled_gmv)
        end as cancelled_gmv,
        case
            when count(once.own_refunded_gmv) = count(once.refunded_gmv) then sum(once.own_refunded_gmv)
        end as refunded_gmv,
        case
            when count(once.own_marketing_spend) = count(once.marketing_spend)
                then sum(once.own_marketing_spend)
        end as marketing_spend,
        case
            when count(once.own_subsidies) = count(once.subsidies) then sum(once.own_subsidies)
        end as subsidies,
        case
            when count(once.own_commission) = count(once.commission) then sum(once.own_commission)
        end as commission,
        sum(once.duplicate_spend) as duplicate_spend,
        list_filter([
            case when count(once.own_cancelled_gmv) < count(once.cancelled_gmv) then 'cancelled_gmv' end,
            case when count(once.own_commission) < count(once.commission) then 'commission' end,
            case when count(once.own_gmv) < count(once.gmv) then 'gmv' end,
            case when count(once.own_marketing_spend) < count(once.marketing_spend) then 'marketing_spend' end,
            case when count(once.own_refunded_gmv) < count(once.refunded_gmv) then 'refunded_gmv' end,
            case when count(once.own_subsidies) < count(once.subsidies) then 'subsidies' end
        ], lambda figure: figure is not null) as rateless,
        count(once.gmv) > 0 as has_gmv,
        count(once.cancelled_gmv) > 0 as has_cancelled_gmv,
        count(once.refunded_gmv) > 0 as has_refunded_gmv,
        case when min(once.currency) = max(once.currency) then min(once.rate) end as rate,
        case when min(once.currency) = max(once.currency) then min(once.rate_unit) end as rate_unit,
        case when min(once.currency) = max(once.currency) then min(once.rate_kind) end as rate_kind,
        case when min(once.currency) = max(once.currency) then min(once.rate_route) end as rate_route,
        case when min(once.currency) = max(once.currency) then min(once.rate_source) end as rate_source,
        bool_or(once.is_simulated) as is_simulated,
        max(once.loaded_at) as loaded_at
    from once
    group by once.platform, once.date, once.channel, once.partnership_id
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
        orders.new_buyers_kept,
        orders.orders_without_buyer,
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
        sum(orders.new_buyers_kept) as new_buyers_kept,
        sum(orders.orders_without_buyer) as orders_without_buyer,
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
    -- channel as core.channel_name has it, unattributed for orders that nothing places; '' is the total of all channels
    coalesce(delivered.partnership_id, counted.partnership_id)::varchar as partnership_id,
    -- partnership that brought it; '' is none
    platform.reporting_currency::varchar as currency,
    -- ISO 4217 code of the amounts: the platform's reporting currency
    delivered.dau::bigint as dau,                          -- active users of the day, persons
    delivered.sessions::bigint as sessions,                -- visits
    delivered.clicks::bigint as clicks,                    -- clicks on ads, which are no visits
    coalesce(delivered.orders, counted.orders)::bigint as orders,  -- orders placed
    coalesce(delivered.buyers, counted.buyers)::bigint as buyers,  -- persons who placed an order that day
    coalesce(delivered.new_buyers, counted.new_buyers)::bigint as new_buyers,  -- persons whose first order it was
    counted.new_buyers_kept::bigint as new_buyers_kept,
    -- persons whose first order that was not cancelled it was; from orders alone
    delivered.reported_orders::decimal(18, 4) as reported_orders,
    -- orders that ad platforms and networks claim; nothing is divided by them
    (case when delivered.has_gmv then delivered.gmv else counted.gmv end)::decimal(18, 4) as gmv,
    -- value of the orders placed
    (case when delivered.has_cancelled_gmv then delivered.cancelled_gmv else counted.cancelled_gmv end)::decimal(18, 4)
        as cancelled_gmv,                                  -- value of orders cancelled
    (case when delivered.has_refunded_gmv then delivered.refunded_gmv else counted.refunded_gmv end)::decimal(18, 4)
        as refunded_gmv,                                   -- value of orders refunded, whole or in part
    delivered.marketing_spend::decimal(28, 6) as marketing_spend,
    -- spent on marketing; below 0 where corrections are larger
    delivered.duplicate_spend::decimal(28, 6) as duplicate_spend,
    -- the same spend told again by an account that repeats it, which is not counted
    (
        case
            when
                delivered.duplicate_spend is not null
                and cast(repeated.largest_spend as double) > 1.01e0 * cast(delivered.marketing_spend as double)
                then repeated.largest_spend - delivered.marketing_spend
        end
    )::decimal(28, 6) as duplicate_excess,
    -- by how much the largest of these repetitions is above marketing_spend; empty up to 1 % of it
    delivered.subsidies::decimal(18, 4) as subsidies,      -- coupons and subsidies paid by the platform
    delivered.commission::decimal(18, 4) as commission,
    -- commission paid to or received from the partner; below 0 where corrections are larger
    (case
        when counted.platform is null then 'delivered'
        when delivered.platform is null then 'events'
        when
            delivered.orders is null
            or delivered.buyers is null
            or delivered.new_buyers is null
            or not delivered.has_gmv
            or not delivered.has_cancelled_gmv
            or not delivered.has_refunded_gmv
            then 'delivered, rest from events'
        else 'delivered'
    end)::varchar as source,  -- delivered, events (counted from orders) or delivered, rest from events
    counted.orders::bigint as events_orders,  -- orders as counted from events; empty where the team has none
    counted.orders_without_buyer::bigint as orders_without_buyer,  -- of events_orders those that tell no buyer
    counted.gmv::decimal(18, 4) as events_gmv,             -- their value; empty where the team has none, or no rate
    delivered.first_currency::varchar as first_currency,
    -- ISO 4217 code of the amounts as delivered that comes first in the alphabet; empty without delivered amounts
    delivered.last_currency::varchar as last_currency,     -- the one that comes last
    delivered.currency::varchar as delivered_currency,     -- the only one; empty where there are several
    delivered.rate::decimal(18, 10) as rate,
    -- units of currency for one of delivered_currency, once multiplied by rate_unit; empty where there are several
    delivered.rate_unit::decimal(7, 6) as rate_unit,
    -- 1, or 0.000001 where the rate is for a million units
    delivered.rate_kind::varchar as rate_kind,
    -- same, day, earlier_day or period
    delivered.rate_route::varchar as rate_route,
    -- given, inverse or cross; empty for the same currency
    delivered.rate_source::varchar as rate_source,
    -- who says so
    list_sort(list_concat(
        coalesce(delivered.rateless, []),
        list_filter([
            case when counted.no_rate and not coalesce(delivered.has_cancelled_gmv, false) then 'cancelled_gmv' end,
            case when counted.no_rate and not coalesce(delivered.has_gmv, false) then 'gmv' end,
            case when counted.no_rate and not coalesce(delivered.has_refunded_gmv, false) then 'refunded_gmv' end
        ], lambda figure: figure is not null)
    ))::varchar[] as rateless,
    -- amounts that are told and empty, for no rate is known: columns of this table, in the order of the alphabet
    (coalesce(delivered.is_simulated, false) or coalesce(counted.is_simulated, false))::boolean as is_simulated,
    -- true where the figures are made up, for a demo
    greatest(delivered.loaded_at, counted.loaded_at)::timestamp as loaded_at  -- when this warehouse knew them, UTC
from delivered
full join
    counted
    on
        counted.platform = delivered.platform
        and counted.date = delivered.date
        and counted.channel = delivered.channel
        and counted.partnership_id = delivered.partnership_id
left join
    repeated
    on
        repeated.platform = delivered.platform
        and repeated.date = delivered.date
        and repeated.channel = delivered.channel
        and repeated.partnership_id = delivered.partnership_id
join core.platform_ever as platform on platform.platform = coalesce(delivered.platform, counted.platform)
