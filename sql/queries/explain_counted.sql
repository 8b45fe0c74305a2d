-- Which observation counted for the quantity of each of $ids, on each day on which a figure for it was printed; last,
-- without a day, the one that counts now. Source: core.observation_as_of.
with asked as (
    select
        figure.observation_id as asked_id,
        figure.platform,
        figure.metric,
        figure.scope,
        figure.unit,
        figure.period_start,
        figure.period_end
    from core.observation as figure
    where list_contains($ids, figure.observation_id)
),
printed as (
    select distinct
        asked.*,
        figure.published_on as day
    from asked
    join
        core.observation as figure
        using (platform, metric, scope, unit, period_end)
    where figure.published_on is not null and figure.period_start is not distinct from asked.period_start
),
day as (
    select distinct printed.day from printed
),
counted as (
    select
        day.day,
        figure.*
    from day, core.observation_as_of(day.day) as figure
)
select
    printed.asked_id,
    printed.day,
    counted.observation_id
from printed
join counted using (day, platform, metric, scope, unit, period_end)
where counted.period_start is not distinct from printed.period_start
union all
select
    asked.asked_id,
    null,
    latest.observation_id
from asked
join core.observation_latest as latest using (platform, metric, scope, unit, period_end)
where latest.period_start is not distinct from asked.period_start
order by all
