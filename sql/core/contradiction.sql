-- A printed value that is known to differ from other evidence of its quantity, and why: it stays, and the difference is
-- explained wherever the value is held against something.
-- group: known_differences
-- grain: platform, metric, scope, unit, period_start, period_end, value
select
    entry.fields['platform']::varchar as platform,                           -- platform slug
    entry.fields['metric']::varchar as metric,                               -- metric slug
    coalesce(entry.fields['scope'], '')::varchar as scope,                   -- perimeter; '' is the whole
    entry.fields['unit']::varchar as unit,                                   -- unit of the value
    nullif(entry.fields['period_start'], '')::date as period_start,          -- first day; empty for a point
    entry.fields['period_end']::date as period_end,                          -- last day of the period
    entry.fields['value']::decimal(28, 6) as value,                          -- value as it was printed, in unit
    entry.fields['explanation']::varchar as explanation,                     -- why it differs, see core.term
    entry.fields['document_id']::varchar as document_id,                     -- document that prints it
    entry.fields['reason']::varchar as reason,                               -- what is known of the difference
    entry.loaded_at::timestamp as loaded_at                                -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'contradiction' and entry.superseded_at is null
