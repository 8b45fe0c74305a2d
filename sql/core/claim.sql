-- A statement of the press or of management about platforms, to be checked against what was published.
-- grain: claim_id
select
    r.fields['claim_id']::varchar                            as claim_id,          -- identifier of the claim
    string_split(r.fields['subject'], ';')::varchar[]        as subjects,          -- parties it speaks of
    r.fields['metric']::varchar                              as metric,            -- what it speaks of, in the claim file's own terms
    r.fields['statement']::varchar                           as statement,         -- the claim in words
    nullif(r.fields['value_from'], '')::decimal(28, 6)       as value_from,        -- value at the start, in unit; empty where none is claimed
    nullif(r.fields['value_to'], '')::decimal(28, 6)         as value_to,          -- value at the end, in unit; empty where none is claimed
    r.fields['unit']::varchar                                as unit,              -- unit of both values
    r.fields['qualifier']::varchar                           as qualifier,         -- exact, about, at_least or at_most
    nullif(r.fields['period_from'], '')::varchar             as period_from,       -- start of the claimed period, a day or a year
    nullif(r.fields['period_to'], '')::varchar               as period_to,         -- end of the claimed period, a day or a year
    nullif(r.fields['definition_stated'], '')::varchar       as definition_stated, -- definition that the claimant states
    r.fields['kind']::varchar                                as kind,              -- article, external_estimate, management_statement or press_estimate
    d.document_id::varchar                                   as document_id,       -- document that makes the claim
    d.published_on::date                                     as published_on,      -- day on which it made the claim; empty where the document has no date
    nullif(r.fields['note'], '')::varchar                    as note,              -- remarks of the compiler
    r.loaded_at::timestamptz                                 as loaded_at          -- when this warehouse knew it
from raw.reference_row as r
join core.document as d on d.document_id = r.fields['document_id']
where r.kind = 'claim' and r.superseded_at is null
