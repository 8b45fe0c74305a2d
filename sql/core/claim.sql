-- A statement of the press or of management about platforms, to be checked against what was published.
-- group: claim_steps
-- grain: claim_id
select
    entry.fields['claim_id']::varchar as claim_id,                -- identifier of the claim
    string_split(entry.fields['subject'], ';')::varchar[] as subjects,  -- parties it speaks of
    entry.fields['metric']::varchar as metric,                    -- what it speaks of, in the claim file's own terms
    entry.fields['statement']::varchar as statement,              -- the claim in words
    nullif(entry.fields['value_from'], '')::decimal(28, 6) as value_from,
    -- value at the start, in unit; empty where none is claimed
    nullif(entry.fields['value_to'], '')::decimal(28, 6) as value_to,
    -- value at the end, in unit; empty where none is claimed
    entry.fields['unit']::varchar as unit,                        -- unit of both values
    entry.fields['qualifier']::varchar as qualifier,              -- exact, about, at_least or at_most
    nullif(entry.fields['period_from'], '')::varchar as period_from,  -- start of the claimed period, a day or a year
    nullif(entry.fields['period_to'], '')::varchar as period_to,  -- end of the claimed period, a day or a year
    nullif(entry.fields['definition_stated'], '')::varchar as definition_stated,  -- definition that the claimant states
    entry.fields['kind']::varchar as kind,  -- article, external_estimate, management_statement or press_estimate
    document.document_id::varchar as document_id,                 -- document that makes the claim
    document.published_on::date as published_on,
    -- day on which it made the claim; empty where the document has no date
    nullif(entry.fields['note'], '')::varchar as note,            -- remarks of the compiler
    entry.loaded_at::timestamp as loaded_at                     -- when this warehouse knew it, UTC
from raw.reference_row as entry
join core.document as document on document.document_id = entry.fields['document_id']
where entry.kind = 'claim' and entry.superseded_at is null
