-- Which XBRL concept tells a metric, by issuer, as reviewed by people: edgar_concepts.csv.
-- group: filings
-- grain: platform, metric, taxonomy, concept
select
    entry.fields['platform']::varchar as platform,
    -- platform slug, or * for every issuer without rows of its own for the metric
    entry.fields['metric']::varchar as metric,          -- metric slug
    entry.fields['taxonomy']::varchar as taxonomy,      -- us-gaap or ifrs-full
    entry.fields['concept']::varchar as concept,        -- XBRL concept
    entry.fields['priority']::integer as priority,
    -- of the concepts that one filing reports for a period, the lowest counts
    entry.fields['sign']::varchar as sign,
    -- positive: printed negative or not, it is an amount spent; any: the sign is part of the figure
    nullif(entry.fields['note'], '')::varchar as note,  -- remarks of the reviewer
    entry.loaded_at::timestamp as loaded_at           -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'edgar_concept' and entry.superseded_at is null
