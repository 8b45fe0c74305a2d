-- Figures that should be out by a day and are not here, by the company's own rhythm: the periods that follow the last
-- one known from a dated document, each due its usual lag after its end.
-- The usual lag of a series is the longest with which the company itself first printed it, of those within 200 days
-- and with no earlier document of the company; without one that of its other series, else 200 days. A twelve-month
-- count follows every quarter or half year when it did so twice, else every year.
-- macro: core.due_by(as_of_date date)
-- grain: platform, metric, scope, months, period_end
with known as (
    select
        observation.platform,
        observation.metric,
        observation.scope,
        span_months(observation.period_start, observation.period_end) as months,
        observation.period_end,
        metric.period_rule like '%ttm%' as is_rolling,
        max(observation.unit) as unit,
        min(observation.published_on) filter (
            where
            observation.derivation is null
            and observation.class_rank = 1
            and not list_contains(observation.flags, 'known_on_bound')
        ) as first_on
    from core.observation_known(as_of_date) as observation
    join core.platform as platform on platform.platform = observation.platform
    join core.metric as metric on metric.metric = observation.metric and metric.period_rule not like '%half%'
    where
        observation.period_start is not null
        and case span_months(observation.period_start, observation.period_end)
            when 3 then metric.period_rule like '%quarter%'
            when 12
                then
                    metric.period_rule like '%ttm%'
                    or metric.period_rule like '%year%'
                    and month((observation.period_end - 15)::date) = fiscal_month(platform.fiscal_year_end)
            else false
        end
    group by all
),
timed as (
    select
        known.*,
        known.first_on - known.period_end as lag_days,
        known.period_end - lag(known.period_end) over (
            partition by known.platform, known.metric, known.scope, known.months
            order by known.period_end
        ) as gap_days
    from known
),
series as (
    select
        timed.platform,
        timed.metric,
        timed.scope,
        timed.months,
        case
            when timed.months = 3 then 3
            when not any_value(timed.is_rolling) then 12
            when count(*) filter (where timed.gap_days <= 125) >= 2 then 3
            when count(*) filter (where timed.gap_days <= 215) >= 2 then 6
            else 12
        end as every,
        max(timed.period_end) as last_end,
        max_by(timed.unit, timed.period_end) as unit,
        max(timed.lag_days) filter (where timed.lag_days between 1 and 200) as own_lag
    from timed
    group by timed.platform, timed.metric, timed.scope, timed.months
),
paced as (
    select
        series.*,
        max(series.own_lag) over (partition by series.platform) as company_lag,
        coalesce(series.own_lag, company_lag, 200)::integer as usual_lag
    from series
),
expected as (
    select
        paced.*,
        ((paced.last_end + 1)::date + to_months((paced.every * step.number)::integer))::date - 1 as period_end
    from paced
    cross join (select unnest(range(1, 201)) as number) as step
)
select
    expected.platform::varchar as platform,            -- platform slug
    expected.metric::varchar as metric,                -- metric slug
    expected.scope::varchar as scope,                  -- perimeter; '' is the whole
    expected.unit::varchar as unit,                    -- unit of the last figure
    expected.months::integer as months,                -- length of the period, months
    (expected.period_end + 1 - to_months(expected.months::integer))::date as period_start,
    -- first day of the period, by months; companies that count in weeks are up to a week off
    expected.period_end::date as period_end,           -- last day of the period, by months
    (expected.period_end + expected.usual_lag)::date as due_on,  -- day from which it counts as due
    expected.usual_lag::integer as usual_lag_days,     -- days from the end of a period to its figure
    case
        when expected.own_lag is not null then 'own'
        when expected.company_lag is not null then 'company'
        else 'assumed'
    end::varchar as rhythm,                            -- where the usual lag comes from, see core.term
    expected.last_end::date as last_period_end         -- last day of the last period that is known
from expected
left join core.discontinued as discontinued
    on
        discontinued.platform = expected.platform
        and discontinued.metric in (expected.metric, '*')
        and discontinued.scope in (expected.scope, '*')
        and discontinued.last_period_end < expected.period_end
where expected.period_end + expected.usual_lag <= as_of_date and discontinued.platform is null
