-- What the line of the income statement holds that a platform's sales and marketing expense is read from.
-- The most specific row counts: of the platform and concept, of the platform, of the concept. Without one the line is
-- sales and marketing, as the metric is defined.
-- group: known_differences
-- grain: platform, concept
select
    entry.fields['platform']::varchar as platform,                     -- platform slug, or * for every platform
    coalesce(entry.fields['concept'], '')::varchar as concept,
    -- XBRL concept as taxonomy:concept; '' for every figure of the platform
    entry.fields['nature']::varchar as nature,
    -- sales_and_marketing, marketing (without the staff who sell) or advertising_only
    entry.fields['line']::varchar as line,                             -- name of the line as the statement prints it
    entry.fields['source']::varchar as source,                         -- document that says so
    nullif(entry.fields['note'], '')::varchar as note,                 -- remarks of the reviewer
    entry.loaded_at::timestamp as loaded_at                          -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'expense_line' and entry.superseded_at is null
