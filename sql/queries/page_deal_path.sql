-- The figures that the studies of a deal compare, by period around its day, beside what donors lead to expect; the
-- study with the most periods first.
select
    'deal-' || path.partnership_id as file,
    platform.name,
    coalesce(metric.label, path.metric) as figure,
    path.scope,
    path.period,
    path.period_end,
    study.event_on,
    path.is_after,
    path.value,
    path.unit,
    path.expected,
    path.gap_pct,
    path.status,
    path.flags,
    path.known_on,
    if(path.observation_id is null, [], [path.observation_id]) as input_observation_ids
from marts.partnership_path as path
join marts.partnership_effect as study on study.study_id = path.study_id
left join core.platform as platform on platform.platform = path.platform
left join core.metric as metric on metric.metric = path.metric
where path.partnership_id in (select unnest($keys))
order by
    path.partnership_id,
    study.effect_pct is null,
    count(*) over (partition by path.study_id) desc,
    path.study_id,
    path.period_end
