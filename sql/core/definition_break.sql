-- A metric whose definition changed: figures before and from the date are no series.
-- grain: platform, metric, scope, from_period_end
select
    r.fields['platform']::varchar             as platform,        -- platform slug
    r.fields['metric']::varchar               as metric,          -- metric slug
    coalesce(r.fields['scope'], '')::varchar  as scope,           -- perimeter of the series that breaks; '' is the whole
    r.fields['from_period_end']::date         as from_period_end, -- first period end under the new definition
    r.fields['reason']::varchar               as reason,          -- what changed
    r.fields['document_id']::varchar          as document_id,     -- document that says so
    r.loaded_at::timestamptz                  as loaded_at        -- when this warehouse knew it
from raw.reference_row as r
where r.kind = 'definition_break' and r.superseded_at is null
