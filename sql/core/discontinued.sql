-- A metric that a company no longer prints, or never will again: nothing after the last period is due.
-- group: known_differences
-- grain: platform, metric, scope
select
    entry.fields['platform']::varchar as platform,                       -- platform slug
    entry.fields['metric']::varchar as metric,                           -- metric slug, or * for every metric
    coalesce(entry.fields['scope'], '')::varchar as scope,  -- perimeter; '' is the whole, * is every perimeter
    entry.fields['last_period_end']::date as last_period_end,            -- last day of the last period that is printed
    entry.fields['reason']::varchar as reason,                           -- why nothing follows
    entry.fields['document_id']::varchar as document_id,                 -- document that says so
    entry.loaded_at::timestamp as loaded_at                            -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'discontinued' and entry.superseded_at is null
