-- Which parts of a company its printed figures of a metric cover, from which day of publication on: continuing
-- operations, or with a part that was bought or sold. Figures of two consolidations are never set against each other.
-- group: known_differences
-- grain: platform, metric, published_from
select
    entry.fields['platform']::varchar as platform,                       -- platform slug
    entry.fields['metric']::varchar as metric,  -- metric slug, or * for every metric without a row of its own
    entry.fields['published_from']::date as published_from,              -- first day of publication it holds for
    lead(entry.fields['published_from']::date) over (
        partition by entry.fields['platform'], entry.fields['metric']
        order by entry.fields['published_from']::date
    )::date as published_before,  -- day from which the next one holds; NULL for the last
    coalesce(entry.fields['consolidation'], '')::varchar as consolidation,
    -- name of what the figures cover; '' is the company as it was before the first row
    entry.fields['source']::varchar as source,                           -- document that says so
    nullif(entry.fields['note'], '')::varchar as note,                   -- remarks of the reviewer
    entry.loaded_at::timestamp as loaded_at                            -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'consolidation' and entry.superseded_at is null
