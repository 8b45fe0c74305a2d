-- A metric that observations speak of, with its unit and definition.
-- group: vocabulary
-- grain: metric
select
    entry.fields['metric']::varchar as metric,            -- slug of the metric
    entry.fields['label']::varchar as label,              -- name as people write it
    entry.fields['unit']::varchar as unit,                -- usual unit; an observation states its own
    entry.fields['kind']::varchar as kind,                -- flow, stock or ratio
    entry.fields['period_rule']::varchar as period_rule,  -- periods for which it is usually printed, separated by |
    entry.fields['definition']::varchar as definition,    -- what is counted
    entry.loaded_at::timestamp as loaded_at             -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'metric' and entry.superseded_at is null
