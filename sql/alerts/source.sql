-- A source that could not be asked, or answers again.
-- needs: audit.source_status
select
    s.source as key,
    s.status as state,
    s.status = 'stale' as tell_when_new,
    s.status || coalesce(': ' || s.reason, '') as words,
    'make sql Q="from audit.source_status order by since desc"' as look
from audit.source_status as s
where s.until is null
