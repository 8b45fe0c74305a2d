-- What was known of a delivered figure at the end of a day, each time that it changed; the last version counts.
-- A day's figure is the sum of its accounts as they stood; amounts are kept apart by currency. Only days up to 200
-- before the newest of the platform are here, only those known within 31 days (a backfill shows no change), and only
-- channels and partnerships of which a day was ever delivered otherwise than before.
-- group: daily_figures
-- grain: platform, date, channel, partnership_id, metric, currency, known_on
-- portable: yes
with newest as (
    select
        daily.platform,
        max(daily.date) as date
    from core.platform_metric_daily as daily
    join (
        select distinct earlier.platform
        from raw.platform_metric_daily_history as earlier
    ) as followed on followed.platform = daily.platform
    group by daily.platform
),
restated as (
    select
        earlier.platform,
        earlier.channel,
        earlier.partnership_id
    from raw.platform_metric_daily_history as earlier
    join newest on newest.platform = earlier.platform and earlier.date >= newest.date - 200
    where cast(earlier.superseded_at as date) > cast(earlier.loaded_at as date)
    group by earlier.platform, earlier.channel, earlier.partnership_id
),
row_of as (
    select
        daily.platform,
        daily.date,
        daily.channel,
        daily.partnership_id,
        daily.loaded_at
    from core.platform_metric_daily as daily
    union all
    select
        earlier.platform,
        earlier.date,
        earlier.channel,
        earlier.partnership_id,
        earlier.loaded_at
    from raw.platform_metric_daily_history as earlier
),
early as (
    select
        row_of.platform,
        row_of.date,
        row_of.channel,
        row_of.partnership_id
    from row_of
    join newest on newest.platform = row_of.platform and row_of.date >= newest.date - 200
    join
        restated
        on
            restated.platform = row_of.platform
            and restated.channel = row_of.channel
            and restated.partnership_id = row_of.partnership_id
    where date_diff('day', row_of.date, cast(row_of.loaded_at as date)) <= 31
    group by row_of.platform, row_of.date, row_of.channel, row_of.partnership_id
),
-- Numbered: what follows compares and orders numbers, not names.
watched as (
    select
        early.*,
        row_number() over (order by early.platform, early.channel, early.partnership_id, early.date) as cell
    from early
),
told as (
    select
        watched.cell,
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
        cast(daily.loaded_at as date) as known_on,
        date '9999-12-31' as known_until
    from core.platform_metric_daily as daily
    join
        watched
        on
            watched.platform = daily.platform
            and watched.date = daily.date
            and watched.channel = daily.channel
            and watched.partnership_id = daily.partnership_id
    union all
    select
        watched.cell,
        earlier.currency,
        earlier.dau,
        earlier.sessions,
        earlier.clicks,
        earlier.orders,
        earlier.buyers,
        earlier.new_buyers,
        earlier.reported_orders,
        earlier.gmv,
        earlier.cancelled_gmv,
        earlier.refunded_gmv,
        earlier.marketing_spend,
        earlier.subsidies,
        earlier.commission,
        cast(earlier.loaded_at as date),
        cast(earlier.superseded_at as date)
    from raw.platform_metric_daily_history as earlier
    join
        watched
        on
            watched.platform = earlier.platform
            and watched.date = earlier.date
            and watched.channel = earlier.channel
            and watched.partnership_id = earlier.partnership_id
),
metric as (
    select
        listed.metric,
        listed.is_amount
    from (
        values
        ('dau', false),
        ('sessions', false),
        ('clicks', false),
        ('orders', false),
        ('buyers', false),
        ('new_buyers', false),
        ('reported_orders', false),
        ('gmv', true),
        ('cancelled_gmv', true),
        ('refunded_gmv', true),
        ('marketing_spend', true),
        ('subsidies', true),
        ('commission', true)
    ) as listed (metric, is_amount)
),
figure as (
    select
        told.cell,
        metric.metric,
        case when metric.is_amount then told.currency else '' end as currency,
        case metric.metric
            when 'dau' then cast(told.dau as decimal(28, 6))
            when 'sessions' then cast(told.sessions as decimal(28, 6))
            when 'clicks' then cast(told.clicks as decimal(28, 6))
            when 'orders' then cast(told.orders as decimal(28, 6))
            when 'buyers' then cast(told.buyers as decimal(28, 6))
            when 'new_buyers' then cast(told.new_buyers as decimal(28, 6))
            when 'reported_orders' then cast(told.reported_orders as decimal(28, 6))
            when 'gmv' then cast(told.gmv as decimal(28, 6))
            when 'cancelled_gmv' then cast(told.cancelled_gmv as decimal(28, 6))
            when 'refunded_gmv' then cast(told.refunded_gmv as decimal(28, 6))
            when 'marketing_spend' then cast(told.marketing_spend as decimal(28, 6))
            when 'subsidies' then cast(told.subsidies as decimal(28, 6))
            when 'commission' then cast(told.commission as decimal(28, 6))
        end as value,
        told.known_on,
        told.known_until
    from told
    cross join metric
    where told.known_until > told.known_on
),
-- What came and went on a day, of all accounts together.
edge as (
    select
        figure.cell,
        figure.metric,
        figure.currency,
        figure.known_on,
        figure.value as more,
        1 as accounts
    from figure
    where figure.value is not null
    union all
    select
        figure.cell,
        figure.metric,
        figure.currency,
        figure.known_until,
        -figure.value,
        -1
    from figure
    where figure.value is not null and figure.known_until < date '9999-12-31'
),
moved as (
    select
        edge.cell,
        edge.metric,
        edge.currency,
        edge.known_on,
        sum(edge.more) as more,
        sum(edge.accounts) as accounts
    from edge
    group by edge.cell, edge.metric, edge.currency, edge.known_on
),
summed as (
    select
        moved.cell,
        moved.metric,
        moved.currency,
        moved.known_on,
        lead(moved.known_on)
            over (partition by moved.cell, moved.metric, moved.currency order by moved.known_on)
            as known_until,
        sum(moved.more)
            over (partition by moved.cell, moved.metric, moved.currency order by moved.known_on)
            as value,
        sum(moved.accounts)
            over (partition by moved.cell, moved.metric, moved.currency order by moved.known_on)
            as accounts
    from moved
    where moved.more <> 0 or moved.accounts <> 0
)
select
    watched.platform::varchar as platform,              -- slug
    watched.date::date as date,                         -- day that the figure is about
    watched.channel::varchar as channel,                -- channel; '' is the total
    watched.partnership_id::varchar as partnership_id,  -- partnership; '' is none
    summed.metric::varchar as metric,                   -- column of core.platform_metric_daily
    summed.currency::varchar as currency,               -- ISO 4217 code of an amount; '' for a count
    summed.known_on::date as known_on,                  -- first day (UTC) at whose end this was what had been delivered
    summed.known_until::date as known_until,
    -- day on which another figure took its place, or it was withdrawn; empty while it counts
    summed.value::decimal(28, 6) as value               -- figure: persons, clicks, orders or in currency
from summed
join watched on watched.cell = summed.cell
where summed.accounts > 0
