-- A metric that observations speak of, with its unit and definition.
-- grain: metric
select
    r.fields['metric']::varchar      as metric,      -- slug of the metric
    r.fields['label']::varchar       as label,       -- name as people write it
    r.fields['unit']::varchar        as unit,        -- usual unit; an observation states its own
    r.fields['kind']::varchar        as kind,        -- flow, stock or ratio
    r.fields['period_rule']::varchar as period_rule, -- periods for which it is usually printed, separated by |
    r.fields['definition']::varchar  as definition,  -- what is counted
    r.loaded_at::timestamptz         as loaded_at    -- when this warehouse knew it
from raw.reference_row as r
where r.kind = 'metric' and r.superseded_at is null
