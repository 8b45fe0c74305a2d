-- A delivered figure of the last 200 days as it counts now: how old it is, and until which age it still moved.
-- Its age is counted up to the last delivery of its channel; where the platform's other channels went on for more than
-- 28 days, the channel has ended, and it is counted up to theirs. A figure moved at an age while it was off what counts
-- now by more than 0.5 %; moves after 90 days are corrections and not looked at. The horizon of a series is the least
-- age after which at most one in a hundred of its older figures moved: what is older is final. Figures that came with
-- the first delivery of a channel, a backfill, say nothing about it.
-- group: daily_figures
-- grain: platform, date, channel, partnership_id, metric, currency
-- twin: no
with delivered as (
    select distinct
        version.platform,
        version.channel,
        version.partnership_id,
        version.known_on
    from core.delivered_version as version
),
channel as (
    select
        delivered.platform,
        delivered.channel,
        delivered.partnership_id,
        min(delivered.known_on) as first_on,
        max(delivered.known_on) as last_on
    from delivered
    group by all
),
clock as (
    select
        channel.*,
        max(channel.last_on) over (partition by channel.platform) as platform_on
    from channel
),
counting as (
    select version.* from core.delivered_version as version
    where version.known_until is null
),
cell as (
    select
        counting.platform,
        counting.date,
        counting.channel,
        counting.partnership_id,
        counting.metric,
        counting.currency,
        any_value(counting.value) as value,
        any_value(if(clock.platform_on - clock.last_on <= 28, clock.last_on, clock.platform_on)) as delivered_on,
        min(version.known_on - counting.date) as first_age,
        bool_and(version.known_on > clock.first_on) as is_watched,
        coalesce(
            max(version.known_until - version.date) filter (
                where
                abs(version.value - counting.value) > 0.005 * abs(counting.value)
                and version.known_until - version.date <= 90
            ), 0
        ) as moved_until
    from counting
    join core.delivered_version as version
        on
            version.platform = counting.platform
            and version.date = counting.date
            and version.channel = counting.channel
            and version.partnership_id = counting.partnership_id
            and version.metric = counting.metric
            and version.currency = counting.currency
    join clock
        on
            clock.platform = counting.platform
            and clock.channel = counting.channel
            and clock.partnership_id = counting.partnership_id
    group by all
),
aged as (
    select
        cell.*,
        cell.delivered_on - cell.date as age
    from cell
),
candidate as (
    select distinct
        aged.platform,
        aged.channel,
        aged.partnership_id,
        aged.metric,
        aged.currency,
        unnest([0, if(aged.is_watched, aged.moved_until, 0)]) as horizon
    from aged
),
tried as (
    select
        candidate.platform,
        candidate.channel,
        candidate.partnership_id,
        candidate.metric,
        candidate.currency,
        candidate.horizon,
        count(*) filter (where aged.is_watched and aged.age > candidate.horizon) as older,
        count(*) filter (
            where aged.is_watched and aged.age > candidate.horizon and aged.moved_until > candidate.horizon
        ) as moved
    from candidate
    join aged
        on
            aged.platform = candidate.platform
            and aged.channel = candidate.channel
            and aged.partnership_id = candidate.partnership_id
            and aged.metric = candidate.metric
            and aged.currency = candidate.currency
    group by all
),
series as (
    select
        tried.platform,
        tried.channel,
        tried.partnership_id,
        tried.metric,
        tried.currency,
        min(tried.horizon) as horizon
    from tried
    where 100 * tried.moved <= tried.older
    group by all
)
select
    aged.platform::varchar as platform,              -- slug
    aged.date::date as date,                         -- day that the figure is about
    aged.channel::varchar as channel,                -- channel; '' is the total
    aged.partnership_id::varchar as partnership_id,  -- partnership; '' is none
    aged.metric::varchar as metric,                  -- column of core.platform_metric_daily
    aged.currency::varchar as currency,              -- ISO 4217 code of an amount; '' for a count
    aged.value::decimal(28, 6) as value,             -- figure as it counts now: persons, clicks, orders or in currency
    aged.delivered_on::date as delivered_on,         -- day (UTC) up to which its age is counted
    aged.age::integer as age,                        -- days from its day to delivered_on
    aged.first_age::integer as first_age,            -- age in days at which it was first known
    aged.moved_until::integer as moved_until,        -- age in days at which it last moved; 0 where it never did
    aged.is_watched::boolean as is_watched,          -- false where it came with the first delivery of its channel
    series.horizon::integer as horizon,              -- age in days after which figures of the series no longer move
    (aged.age > series.horizon)::boolean as is_final  -- whether it is older than that
from aged
join series
    on
        series.platform = aged.platform
        and series.channel = aged.channel
        and series.partnership_id = aged.partnership_id
        and series.metric = aged.metric
        and series.currency = aged.currency
