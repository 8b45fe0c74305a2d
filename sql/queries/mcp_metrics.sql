-- The metrics of which $platform has figures, with how many.
select
    latest.metric,
    count(*) as figures
from core.observation_latest as latest
where latest.platform = $platform
group by latest.metric
order by latest.metric
