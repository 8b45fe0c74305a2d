-- One change of a printed figure: a company prints what contradicts, beyond rounding, the figure that stood until then.
-- Reprints, rounded comparatives, derived levels and figures of the press are none; marts.restatement has first against latest.
-- grain: platform, metric, scope, unit, period_start, period_end, restated_on
-- twin: no
-- contract: vintages
with print as (
    select
        o.*, row(o.platform, o.metric, o.scope, o.unit, coalesce(o.period_start, date '0001-01-01'), o.period_end) as quantity
    from core.observation as o
    where o.class_rank = 1 and o.qualifier = 'exact' and o.derivation is null and o.published_on is not null
),
contradiction as (
    select a.observation_id as old_id, b.observation_id as new_id, b.published_on as restated_on
    from print as a
    join print as b
        on b.quantity = a.quantity and b.published_on > a.published_on and (b.value_low > a.value_high or b.value_high < a.value_low)
    qualify b.published_on = min(b.published_on) over (partition by a.observation_id)
),
step as (
    select
        o.*, n.observation_id as new_id, n.value as new_value, n.value_low as new_low, n.value_high as new_high,
        n.document_id as new_document_id, n.published_on as restated_on
    from contradiction as c
    join print as o on o.observation_id = c.old_id
    join print as n on n.observation_id = c.new_id
    qualify row_number() over (
        partition by o.quantity, n.published_on
        order by o.rounding_half_width, o.published_on, o.observation_id, n.rounding_half_width, n.observation_id
    ) = 1
)
select
    s.platform::varchar               as platform,           -- platform slug
    s.metric::varchar                 as metric,             -- metric slug
    s.scope::varchar                  as scope,              -- perimeter; '' is the whole
    s.unit::varchar                   as unit,               -- unit of the figures
    s.period_start::date              as period_start,       -- first day of the period; empty for a point
    s.period_end::date                as period_end,         -- last day of the period
    s.restated_on::date               as restated_on,        -- day on which the new figure was first public
    row_number() over (
        partition by s.platform, s.metric, s.scope, s.unit, s.period_start, s.period_end order by s.restated_on
    )::integer                        as step,               -- 1 for the first change of this figure
    s.value::decimal(28, 6)           as old_value,          -- figure that stood until then, in its finest print, in unit
    s.value_low::decimal(28, 6)       as old_low,            -- least its print allows
    s.value_high::decimal(28, 6)      as old_high,           -- greatest its print allows
    s.new_value::decimal(28, 6)       as new_value,          -- figure that took its place, in unit
    s.new_low::decimal(28, 6)         as new_low,            -- least its print allows
    s.new_high::decimal(28, 6)        as new_high,           -- greatest its print allows
    s.published_on::date              as old_published_on,   -- first day of the old figure's finest print
    s.document_id::varchar            as old_document_id,    -- document of the old figure
    s.new_document_id::varchar        as new_document_id,    -- document of the new figure
    s.observation_id::varchar         as old_observation_id, -- the old figure
    s.new_id::varchar                 as new_observation_id  -- the new figure
from step as s
