-- A source that could not be asked, or answers again.
-- needs: audit.source_status
select
    source_status.source as key,
    source_status.status as state,
    source_status.status = 'stale' as tell_when_new,
    source_status.status || coalesce(': ' || source_status.reason, '') as words,
    'make sql Q="from audit.source_status order by since desc"' as look
from audit.source_status as source_status
where source_status.until is null
