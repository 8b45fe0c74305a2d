-- A figure that its company restated: as first printed and as it counts today, in which documents, and by how much.
-- marts.restatement_step has every change between the two, marts.restatement_effect what it did to acquisition costs.
-- grain: platform, metric, scope, unit, period_start, period_end
-- twin: no
-- contract: vintages
with history as (
    select
        s.platform, s.metric, s.scope, s.unit, s.period_start, s.period_end, count(*) as times, max(s.restated_on) as restated_on,
        arg_min(s.old_observation_id, s.step) as first_id
    from marts.restatement_step as s
    group by all
)
select
    h.platform::varchar                   as platform,              -- platform slug
    h.metric::varchar                     as metric,                -- metric slug
    h.scope::varchar                      as scope,                 -- perimeter; '' is the whole
    h.period_start::date                  as period_start,          -- first day of the period; empty for a point
    h.period_end::date                    as period_end,            -- last day of the period
    h.unit::varchar                       as unit,                  -- unit of both values
    f.value::decimal(28, 6)               as first_value,           -- as the company first stated it, in the finest print
    l.value::decimal(28, 6)               as latest_value,          -- as it counts today
    (l.value - f.value)::decimal(28, 6)   as change,                -- latest less first, in unit
    if(f.value_low > 0, 100 * (l.value::double / f.value::double - 1), null)::double as change_pct, -- change in percent of the first; empty where that is not above zero
    if(f.value_low > 0, 100 * (if(l.value_low < 0, l.value_low::double / f.value_low::double, l.value_low::double / f.value_high::double) - 1), null)::double as change_pct_low, -- least the prints allow
    if(f.value_low > 0, 100 * (if(l.value_high < 0, l.value_high::double / f.value_high::double, l.value_high::double / f.value_low::double) - 1), null)::double as change_pct_high, -- greatest the prints allow
    f.published_on::date                  as first_published_on,    -- day of the first figure's finest print
    h.restated_on::date                   as restated_on,           -- day of the last change
    h.times::integer                      as times_restated,        -- how often the figure changed
    f.document_id::varchar                as first_document_id,     -- document of the first figure
    l.document_id::varchar                as latest_document_id,    -- document of the figure that counts today
    f.printed_as::varchar                 as first_printed_as,      -- as it is printed there
    l.printed_as::varchar                 as latest_printed_as,     -- as it is printed there
    f.observation_id::varchar             as first_observation_id,  -- the first figure
    l.observation_id::varchar             as latest_observation_id  -- the figure that counts today
from history as h
join core.observation as f on f.observation_id = h.first_id
join core.observation_latest as l
    on l.platform = h.platform and l.metric = h.metric and l.scope = h.scope and l.unit = h.unit
    and l.period_start is not distinct from h.period_start and l.period_end = h.period_end
