-- A platform that is registered, or was: what was delivered of it stays when it leaves the reference files.
-- group: vocabulary
-- grain: platform
select
    entry.fields['platform']::varchar as platform,  -- slug of the platform
    entry.fields['reporting_currency']::varchar as reporting_currency,
    -- ISO 4217 code of its reporting currency, as last known
    (entry.superseded_at is null)::boolean as is_registered  -- whether the reference files have it now
from raw.reference_row as entry
where entry.kind = 'platform'
qualify row_number() over (
    partition by entry.fields['platform']
    order by entry.superseded_at is null desc, entry.loaded_at desc, entry.file, entry.line
) = 1
