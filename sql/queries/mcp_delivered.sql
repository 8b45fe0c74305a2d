-- How many delivered files count, and when the last of them was loaded, UTC.
select
    count(distinct load.file) as files,
    strftime(max(load.loaded_at), '%Y-%m-%d %H:%M UTC') as last_loaded
from audit.load as load
where load.source = 'inbox' and load.superseded_at is null and load.rows_loaded > 0
