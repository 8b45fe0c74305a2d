-- Figures that should be out by a day and are not here, see core.due_by; on date 'infinity' those of the last
-- refresh.
-- macro: core.due_as_of(as_of_date date)
-- grain: platform, metric, scope, months, period_end
with figure as (
    select due_by.* from core.due_by(as_of_date) as due_by
    where as_of_date < date 'infinity'
    union all by name
    select due_latest.* from core.due_latest as due_latest
    where as_of_date = date 'infinity'
)
select
    figure.platform::varchar as platform,             -- platform slug
    figure.metric::varchar as metric,                 -- metric slug
    figure.scope::varchar as scope,                   -- perimeter; '' is the whole
    figure.unit::varchar as unit,                     -- unit of the last figure
    figure.months::integer as months,                 -- length of the period, months
    figure.period_start::date as period_start,
    -- first day of the period, by months; companies that count in weeks are up to a week off
    figure.period_end::date as period_end,            -- last day of the period, by months
    figure.due_on::date as due_on,                    -- day from which it counts as due
    figure.usual_lag_days::integer as usual_lag_days,  -- days from the end of a period to its figure
    figure.rhythm::varchar as rhythm,                 -- where the usual lag comes from, see core.term
    figure.last_period_end::date as last_period_end   -- last day of the last period known from a dated document
from figure
