-- A row that breaks a check for a reason that is known and stays: the check passes while exactly these rows break it.
-- An exception has an effect only while its figure is the one that counts, see core.observation_latest.
-- group: known_differences
-- grain: check_name, row_key
select
    entry.fields['check']::varchar as check_name,               -- schema.table.name of the check
    entry.fields['row_key']::varchar as row_key,  -- row_key of the row that breaks it, as the check shows it
    entry.fields['observation_id']::varchar as observation_id,  -- figure that breaks the check
    entry.fields['document_id']::varchar as document_id,        -- its document
    entry.fields['reason']::varchar as reason,  -- why the row breaks the check and is left as it is
    entry.loaded_at::timestamp as loaded_at                   -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'check_exception' and entry.superseded_at is null
