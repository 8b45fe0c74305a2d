-- What a document says of the life of a deal after it was announced: that it ran, ended or was resumed, and between
-- which days.
-- group: deals
-- grain: partnership_id, event, document_id
select
    entry.fields['partnership_id']::varchar as partnership_id,    -- identifier of the deal
    entry.fields['event']::varchar as event,  -- running, ended or resumed, as the document says
    nullif(entry.fields['earliest_on'], '')::date as earliest_on,
    -- first day on which it can have been; empty where the document does not say
    nullif(entry.fields['latest_on'], '')::date as latest_on,
    -- last day on which it can have been, the same day where the day is known; empty where the document does not say
    entry.fields['document_id']::varchar as document_id,          -- document that says so
    nullif(entry.fields['note'], '')::varchar as note,            -- what the document says of it
    entry.loaded_at::timestamp as loaded_at                     -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'partnership_event' and entry.superseded_at is null
