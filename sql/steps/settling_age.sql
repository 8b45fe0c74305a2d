-- From which age in days the figures of a channel are settled, and up to which day they all are.
-- Over partnerships and currencies, of which the slowest counts. marts.delivery_final has the unsettled days one by
-- one.
-- grain: platform, channel, metric
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
)
select
    cell.platform::varchar as platform,  -- slug
    cell.channel::varchar as channel,    -- channel; '' is the total
    cell.metric::varchar as metric,      -- column of core.platform_metric_daily
    (max(series.settles_after_days))::integer as settles_after_days,  -- figures of this age and older are settled
    (coalesce(min(cell.date) filter (where cell.age < series.settles_after_days) - 1, max(cell.date)))::date
        as settled_to,                   -- up to this day all figures are settled
    (bool_and(series.history_suffices))::boolean as history_suffices
    -- false where settles_after_days only is the age up to which fewer than 19 days are known
from steps.delivered_cell as cell
join series
    on
        series.platform = cell.platform
        and series.channel = cell.channel
        and series.partnership_id = cell.partnership_id
        and series.metric = cell.metric
        and series.currency = cell.currency
group by cell.platform, cell.channel, cell.metric
