-- A partner's figure by quarter or week around the day of a deal, beside what its donors lead to expect.
-- The periods that marts.partnership_effect compares; without an estimate nothing is expected.
-- grain: study_id, period_end
-- twin: no
-- contract: estimates
with point as (
    select
        result.study_id,
        result.status,
        unnest(result.points).number as number,
        unnest(result.points).expected as expected
    from steps.study_result as result
)
select
    study.study_id::varchar as study_id,                         -- the study, see marts.partnership_effect
    study.partnership_id::varchar as partnership_id,             -- the deal
    study.platform::varchar as platform,                         -- the partner whose figure it is
    study.metric::varchar as metric,                             -- the figure
    study.period::varchar as period,                             -- quarter, ttm (twelve months) or week
    figure.period_end::date as period_end,                       -- last day of the period
    (figure.period_end >= study.event_on)::boolean as is_after,  -- whether it comes after the day of the deal
    figure.value::decimal(28, 6) as value,                       -- the figure, in unit
    exp(point.expected)::double as expected,                     -- what the donors lead to expect, in unit
    (100 * (figure.value::double / exp(point.expected) - 1))::double as gap_pct,
    -- how far it is above that, in percent
    figure.unit::varchar as unit,                                -- ISO 4217 code, persons, count ...
    figure.scope::varchar as scope,                              -- perimeter; '' is the whole
    point.status::varchar as status,  -- of the estimate: ok, exploratory or a reason, see core.term
    all_flags(
        [case when figure.observation_id is not null and figure.published_on is null then 'undated_input' end]
    )::varchar[] as flags,                                       -- what the figure must say
    figure.observation_id::varchar as observation_id,            -- the print; empty for a delivered figure
    figure.published_on::date as known_on,
    -- day of its document; empty where undated or delivered
    figure.is_simulated::boolean as is_simulated                 -- true where it is made up, for a demo
from point
join steps.study as study on study.study_id = point.study_id
join
    steps.study_value as figure
    on
        figure.metric = study.metric
        and figure.period = study.period
        and figure.platform = study.platform
        and figure.number = point.number
