-- A metric whose definition changed: figures before and from the date are no series.
-- group: known_differences
-- grain: platform, metric, scope, from_period_end
select
    entry.fields['platform']::varchar as platform,             -- platform slug
    entry.fields['metric']::varchar as metric,                 -- metric slug
    coalesce(entry.fields['scope'], '')::varchar as scope,     -- perimeter of the series that breaks; '' is the whole
    entry.fields['from_period_end']::date as from_period_end,  -- first period end under the new definition
    entry.fields['reason']::varchar as reason,                 -- what changed
    entry.fields['document_id']::varchar as document_id,       -- document that says so
    entry.loaded_at::timestamp as loaded_at                  -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'definition_break' and entry.superseded_at is null
