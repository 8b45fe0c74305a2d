-- Each metric by quarter or of twelve months of the whole company: the exact positive figures of each platform, in
-- the unit that has most of them.
with figure as (
    select
        observation.metric,
        observation.period_type,
        observation.platform,
        observation.unit,
        year(observation.period_end) * 4 + quarter(observation.period_end) - 1 as number,
        ln(arg_max(observation.value::double, observation.period_end)) as logarithm
    from core.observation_latest as observation
    where
        observation.period_type in ('quarter', 'ttm')
        and observation.scope = ''
        and observation.qualifier = 'exact'
        and observation.value > 0
    group by all
)
select
    metric,
    period_type,
    platform,
    map(list(number order by number), list(logarithm order by number))
from figure
group by metric, period_type, platform, unit
qualify row_number() over (partition by metric, period_type, platform order by count(*) desc, unit) = 1
order by metric, period_type, platform
