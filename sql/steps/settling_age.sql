-- From which age in days the figures of a channel are settled, and up to which day they all are, by partnership.
-- Over currencies and the names under which the channel is delivered (core.channel_name), of which the slowest counts.
-- marts.delivery_final has the unsettled figures one by one, by the channel as delivered.
-- group: daily_figures
-- grain: platform, channel, partnership_id, metric
-- twin: no
with series as (
    select distinct
        settling.platform,
        settling.channel,
        settling.partnership_id,
        settling.metric,
        settling.currency,
        settling.settles_after_days,
        settling.history_suffices
    from marts.delivery_settling as settling
),
judged as (
    select
        cell.platform,
        cell.channel,
        cell.partnership_id,
        cell.metric,
        cell.date,
        cell.age < series.settles_after_days as is_unsettled,
        series.settles_after_days,
        series.history_suffices
    from steps.delivered_cell as cell
    join series
        on
            series.platform = cell.platform
            and series.channel = cell.channel
            and series.partnership_id = cell.partnership_id
            and series.metric = cell.metric
            and series.currency = cell.currency
),
counted as (
    select judged.* replace (name.counts_as as channel)
    from judged
    join
        core.channel_name as name
        on
            name.platform = judged.platform
            and name.delivered_channel = judged.channel
            and judged.date between name.valid_from and name.valid_to
    union all by name
    select judged.*
    from judged
    left join
        core.channel_name as name
        on
            name.platform = judged.platform
            and name.delivered_channel = judged.channel
            and name.account = ''
            and judged.date between name.valid_from and name.valid_to
    where name.platform is null
)
select
    counted.platform::varchar as platform,  -- slug
    counted.channel::varchar as channel,    -- channel that the figures count in; '' is the total
    counted.partnership_id::varchar as partnership_id,  -- deal; '' is none
    counted.metric::varchar as metric,      -- column of core.platform_metric_daily
    (max(counted.settles_after_days))::integer as settles_after_days,  -- figures of this age and older are settled
    (min(counted.date) filter (where counted.is_unsettled) - 1)::date as settled_to,
    -- up to this day all figures are settled; empty where none is unsettled
    (bool_and(counted.history_suffices))::boolean as history_suffices
    -- false where settles_after_days only is the age up to which fewer than 19 days are known
from counted
group by counted.platform, counted.channel, counted.partnership_id, counted.metric
