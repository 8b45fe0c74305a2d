-- A row that breaks a check for a reason that is known and stays: the check passes while exactly these rows break it.
-- grain: check_name, row_key
select
    entry.fields['check']::varchar as check_name,         -- schema.table.name of the check
    entry.fields['row_key']::varchar as row_key,          -- row_key of the row that breaks it, as the check shows it
    entry.fields['platform']::varchar as platform,        -- platform of the row
    (platform.platform is not null)::boolean as is_active,  -- whether figures of the platform are here
    entry.fields['reason']::varchar as reason,            -- why the row breaks the check and is left as it is
    entry.fields['source']::varchar as source,            -- document that shows it
    entry.loaded_at::timestamptz as loaded_at             -- when this warehouse knew it
from raw.reference_row as entry
left join core.platform as platform on platform.platform = entry.fields['platform']
where entry.kind = 'check_exception' and entry.superseded_at is null
