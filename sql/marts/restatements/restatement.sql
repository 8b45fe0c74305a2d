-- A figure that its company restated: as first printed and as it counts today, in which documents, and by how much.
-- marts.restatement_step has every change between the two, marts.restatement_effect what it did to acquisition costs.
-- grain: platform, metric, scope, unit, period_start, period_end
-- twin: no
-- contract: vintages
with history as (
    select
        step.platform,
        step.metric,
        step.scope,
        step.unit,
        step.period_start,
        step.period_end,
        count(*) as times,
        max(step.restated_on) as restated_on,
        arg_min(step.old_observation_id, step.step) as first_id
    from marts.restatement_step as step
    group by all
)
select
    history.platform::varchar as platform,                        -- platform slug
    history.metric::varchar as metric,                            -- metric slug
    history.scope::varchar as scope,                              -- perimeter; '' is the whole
    history.period_start::date as period_start,                   -- first day of the period; empty for a point
    history.period_end::date as period_end,                       -- last day of the period
    history.unit::varchar as unit,                                -- unit of both values
    observation.value::decimal(28, 6) as first_value,             -- as the company first stated it, in the finest print
    figure.value::decimal(28, 6) as latest_value,                 -- as it counts today
    (figure.value - observation.value)::decimal(28, 6) as change,  -- latest less first, in unit
    if(observation.value_low > 0, 100 * (figure.value::double / observation.value::double - 1), null)::double
        as change_pct,  -- change in percent of the first; empty where that is not above zero
    if(
        observation.value_low > 0,
        100
        * (
            if(
                figure.value_low < 0,
                figure.value_low::double / observation.value_low::double,
                figure.value_low::double / observation.value_high::double
            )
            - 1
        ),
        null
    )::double as change_pct_low,                                  -- least the prints allow
    if(
        observation.value_low > 0,
        100
        * (
            if(
                figure.value_high < 0,
                figure.value_high::double / observation.value_high::double,
                figure.value_high::double / observation.value_low::double
            )
            - 1
        ),
        null
    )::double as change_pct_high,                                 -- greatest the prints allow
    observation.published_on::date as first_published_on,         -- day of the first figure's finest print
    history.restated_on::date as restated_on,                     -- day of the last change
    history.times::integer as times_restated,                     -- how often the figure changed
    observation.document_id::varchar as first_document_id,        -- document of the first figure
    figure.document_id::varchar as latest_document_id,            -- document of the figure that counts today
    observation.printed_as::varchar as first_printed_as,          -- as it is printed there
    figure.printed_as::varchar as latest_printed_as,              -- as it is printed there
    observation.observation_id::varchar as first_observation_id,  -- the first figure
    figure.observation_id::varchar as latest_observation_id       -- the figure that counts today
from history
join core.observation as observation on observation.observation_id = history.first_id
join core.observation_latest as figure
    on
        figure.platform = history.platform
        and figure.metric = history.metric
        and figure.scope = history.scope
        and figure.unit = history.unit
        and figure.period_start is not distinct from history.period_start and figure.period_end = history.period_end
