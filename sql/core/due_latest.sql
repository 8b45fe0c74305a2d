-- Figures that should be out by the day of the last refresh and are not here, by the company's own rhythm; due is no
-- failure. What an undated document prints, or one that is dated later, is not due.
-- group: figures
-- grain: platform, metric, scope, months, period_end
with known as (
    select distinct
        observation.platform,
        observation.metric,
        observation.scope,
        observation.period_end,
        span_months(observation.period_start, observation.period_end) as months
    from core.observation as observation
    where observation.period_start is not null
)
select
    due.platform::varchar as platform,             -- platform slug
    due.metric::varchar as metric,                 -- metric slug
    due.scope::varchar as scope,                   -- perimeter; '' is the whole
    due.unit::varchar as unit,                     -- unit of the last figure
    due.months::integer as months,                 -- length of the period, months
    due.period_start::date as period_start,
    -- first day of the period, by months; companies that count in weeks are up to a week off
    due.period_end::date as period_end,            -- last day of the period, by months
    due.due_on::date as due_on,                    -- day from which it counts as due
    due.usual_lag_days::integer as usual_lag_days,  -- days from the end of a period to its figure
    due.rhythm::varchar as rhythm,                 -- where the usual lag comes from, see core.term
    due.last_period_end::date as last_period_end   -- last day of the last period known from a dated document
from raw.refresh_day as refresh_day
cross join core.due_by(refresh_day.day) as due
left join known
    on
        known.platform = due.platform
        and known.metric = due.metric
        and known.scope = due.scope
        and known.months = due.months
        and is_same_end(known.period_end, due.period_end)
where known.platform is null
