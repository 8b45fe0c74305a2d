-- A build database that was lost and brought back.
-- needs: raw.archived
select
    strftime(archived.recovered_at, '%Y-%m-%d %H:%M:%S UTC') as key,
    'brought back' as state,
    true as tell_when_new,
    archived.told as words,
    'make doctor' as look
from raw.archived as archived
where archived.recovered_at is not null
