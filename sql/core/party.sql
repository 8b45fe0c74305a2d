-- A party to a partnership or the subject of a claim: a measured platform or a counterparty that is not measured.
-- A counterparty that became a platform stands once, as the platform.
-- grain: party
select
    coalesce(r.fields['party'], r.fields['platform'])::varchar as party,       -- slug of the party
    r.fields['name']::varchar                                  as name,        -- name as people write it
    coalesce(r.fields['kind'], 'platform')::varchar            as kind,        -- platform (measured) or the kind its file states
    (r.kind = 'platform')::boolean                             as is_measured, -- whether figures of it are in core.observation
    coalesce(r.fields['platform'], nullif(r.fields['measured_in'], ''))::varchar as measured_in, -- platform whose figures contain it; empty where nobody's do
    r.loaded_at::timestamptz                                   as loaded_at    -- when this warehouse knew it
from raw.reference_row as r
where r.kind in ('platform', 'party') and r.superseded_at is null
qualify row_number() over (
    partition by coalesce(r.fields['party'], r.fields['platform']) order by r.kind = 'platform' desc, r.file, r.line
) = 1
