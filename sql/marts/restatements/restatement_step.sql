-- One change of a printed figure: a company prints what contradicts, beyond rounding, the figure that stood until then.
-- Reprints, rounded comparatives, derived levels and figures of the press are none; marts.restatement has first against
-- latest.
-- grain: platform, metric, scope, unit, period_start, period_end, restated_on
-- twin: no
-- contract: vintages
with print as (
    select
        observation.*,
        quantity(
            observation.platform,
            observation.metric,
            observation.scope,
            observation.unit,
            observation.period_start,
            observation.period_end
        ) as quantity
    from core.observation as observation
    where
        observation.class_rank = 1
        and observation.qualifier = 'exact'
        and observation.derivation is null
        and observation.published_on is not null
),
contradiction as (
    select
        earlier.observation_id as old_id,
        later.observation_id as new_id,
        later.published_on as restated_on
    from print as earlier
    join print as later
        on
            later.quantity = earlier.quantity
            and later.published_on > earlier.published_on
            and are_apart(later.value_low, later.value_high, earlier.value_low, earlier.value_high)
    qualify later.published_on = min(later.published_on) over (partition by earlier.observation_id)
),
step as (
    select
        earlier.*,
        later.observation_id as new_id,
        later.value as new_value,
        later.value_low as new_low,
        later.value_high as new_high,
        later.document_id as new_document_id,
        later.published_on as restated_on
    from contradiction
    join print as earlier on earlier.observation_id = contradiction.old_id
    join print as later on later.observation_id = contradiction.new_id
    qualify row_number() over (
        partition by earlier.quantity, later.published_on
        order by
            earlier.rounding_half_width,
            earlier.published_on,
            earlier.observation_id,
            later.rounding_half_width,
            later.observation_id
    ) = 1
)
select
    step.platform::varchar as platform,                  -- platform slug
    step.metric::varchar as metric,                      -- metric slug
    step.scope::varchar as scope,                        -- perimeter; '' is the whole
    step.unit::varchar as unit,                          -- unit of the figures
    step.period_start::date as period_start,             -- first day of the period; empty for a point
    step.period_end::date as period_end,                 -- last day of the period
    step.restated_on::date as restated_on,               -- day on which the new figure was first public
    row_number() over (
        partition by step.platform, step.metric, step.scope, step.unit, step.period_start, step.period_end
        order by step.restated_on
    )::integer as step,                                  -- 1 for the first change of this figure
    step.value::decimal(28, 6) as old_value,             -- figure that stood until then, in its finest print, in unit
    step.value_low::decimal(28, 6) as old_low,           -- least its print allows
    step.value_high::decimal(28, 6) as old_high,         -- greatest its print allows
    step.new_value::decimal(28, 6) as new_value,         -- figure that took its place, in unit
    step.new_low::decimal(28, 6) as new_low,             -- least its print allows
    step.new_high::decimal(28, 6) as new_high,           -- greatest its print allows
    step.published_on::date as old_published_on,         -- first day of the old figure's finest print
    step.document_id::varchar as old_document_id,        -- document of the old figure
    step.new_document_id::varchar as new_document_id,    -- document of the new figure
    step.observation_id::varchar as old_observation_id,  -- the old figure
    step.new_id::varchar as new_observation_id           -- the new figure
from step
