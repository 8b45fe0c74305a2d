-- Network sources: whether each is current, and why not.
select
    status.source,
    status.status,
    status.reason,
    status.since::date as since_on
from audit.source_status as status
order by status.source
