-- Which XBRL concept tells a metric, by issuer, as reviewed by people: edgar_concepts.csv.
-- grain: platform, metric, taxonomy, concept
select
    r.fields['platform']::varchar          as platform,  -- platform slug, or * for every issuer without rows of its own for the metric
    r.fields['metric']::varchar            as metric,    -- metric slug
    r.fields['taxonomy']::varchar          as taxonomy,  -- us-gaap or ifrs-full
    r.fields['concept']::varchar           as concept,   -- XBRL concept
    r.fields['priority']::integer          as priority,  -- of the concepts that one filing reports for a period, the lowest counts
    r.fields['sign']::varchar              as sign,      -- positive: printed negative or not, it is an amount spent; any: the sign is part of the figure
    nullif(r.fields['note'], '')::varchar  as note,      -- remarks of the reviewer
    r.loaded_at::timestamptz               as loaded_at  -- when this warehouse knew it
from raw.reference_row as r
where r.kind = 'edgar_concept' and r.superseded_at is null
