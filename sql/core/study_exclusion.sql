-- A platform that is no donor for some months, and why: what moved its figures then has nothing to do with the deal.
-- group: studies
-- grain: platform, metric, starts_on
select
    entry.fields['platform']::varchar as platform,             -- whose figures they are
    coalesce(entry.fields['metric'], '')::varchar as metric,   -- the figure; '' is every one
    entry.fields['starts_on']::date as starts_on,              -- first day on which its figures are no comparison
    coalesce(nullif(entry.fields['ends_on'], ''), '9999-12-31')::date as ends_on,
    -- last such day; 9999-12-31 where it goes on
    entry.fields['reason']::varchar as reason,                 -- what happened
    entry.fields['document_id']::varchar as document_id,       -- document that says so
    entry.loaded_at::timestamp as loaded_at                  -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'study_exclusion' and entry.superseded_at is null
