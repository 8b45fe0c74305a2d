-- The figures of both partners next to a day of a deal: the last one wholly before it and the first wholly after it,
-- where both have a change on the year. A description, no effect.
with near as (
    select
        figure.*,
        row_number() over (
            partition by
                figure.partnership_id, figure.event, figure.platform, figure.metric, figure.scope, figure.unit,
                figure.period_type, figure.position
            order by
                if(figure.position = 'before', -1, 1) * epoch(figure.period_end),
                figure.period_start
        ) as place
    from marts.partnership_window as figure
    where
        figure.side <> 'peer'
        and figure.position <> 'across'
        and figure.yoy_pct is not null
        and figure.partnership_id in (select unnest($keys))
)
select
    'deal-' || near.partnership_id as file,
    platform.name,
    metric.label as figure,
    near.scope,
    near.event,
    near.event_on,
    near.position,
    near.period_start,
    near.period_end,
    near.value,
    near.value_low,
    near.value_high,
    near.unit,
    near.yoy_pct,
    near.yoy_low_pct as yoy_pct_low,
    near.yoy_high_pct as yoy_pct_high,
    near.validity,
    near.confounders,
    near.flags,
    near.input_observation_ids
from near
join core.platform as platform on platform.platform = near.platform
join core.metric as metric on metric.metric = near.metric
where near.place = 1
qualify
    count(*) over (
        partition by
            near.partnership_id, near.event, near.platform, near.metric, near.scope, near.unit, near.period_type
    ) = 2
order by
    near.partnership_id,
    near.event,
    near.platform,
    near.metric,
    near.scope,
    near.unit,
    near.period_type,
    near.position desc
