-- A party to a partnership or the subject of a claim: a measured platform or a counterparty that is not measured.
-- A counterparty that became a platform stands once, as the platform.
-- group: vocabulary
-- grain: party
select
    coalesce(entry.fields['party'], entry.fields['platform'])::varchar as party,  -- slug of the party
    entry.fields['name']::varchar as name,                        -- name as people write it
    coalesce(entry.fields['kind'], 'platform')::varchar as kind,  -- platform (measured) or the kind its file states
    (entry.kind = 'platform')::boolean as is_measured,            -- whether figures of it are in core.observation
    coalesce(entry.fields['platform'], nullif(entry.fields['measured_in'], ''))::varchar as measured_in,
    -- platform whose figures contain it; empty where nobody's do
    entry.loaded_at::timestamp as loaded_at                     -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind in ('platform', 'party') and entry.superseded_at is null
qualify row_number() over (
    partition by coalesce(entry.fields['party'], entry.fields['platform'])
    order by entry.kind = 'platform' desc, entry.file, entry.line
) = 1
