-- What the warehouse keeps about its own state: sources, the oldest rows set aside, checks that failed when they last
-- ran, and times ahead of the clock. Times are UTC; `now` is the clock of the machine that asks.
with quarantined as (
    select
        row.source,
        row.file,
        count(*) as rows_set_aside,
        min(row.loaded_at) as since
    from audit.quarantine as row
    where row.superseded_at is null
    group by row.source, row.file
),
latest as (
    select result.*
    from audit.expectation_result as result
    qualify
        rank() over (partition by result.table_name order by result.number desc nulls last, result.checked_at desc) = 1
),
moments as (
    select
        'audit.load' as place,
        max(loaded_at) as moment
    from audit.load
    union all
    select
        'audit.expectation_result',
        max(checked_at)
    from audit.expectation_result
)
select
    'source' as topic,
    if(source.status = 'stale', 'wrong', 'fine') as state,
    source.source as subject,
    concat(source.status, if(source.status = 'current', '', ' since ' || source.since::date), ': ' || source.reason)
        as finding,
    if(source.status = 'stale', 'what the reason says; docs/operations.md, Remote sources', '') as remedy
from audit.source_status as source
where source.until is null
union all
select
    'quarantine',
    'warn',
    coalesce(file, source),
    rows_set_aside || ' rows set aside since ' || since::date,
    'docs/quarantine.md: mend the file and deliver it again, or dismiss the rows'
from (
    select quarantined.*
    from quarantined
    order by since, file
    limit 1
)
union all
select
    'checks',
    if(severity = 'critical', 'wrong', 'warn'),
    table_name || ' ' || check_name,
    concat('failed on ', checked_at::date, ', ' || unexpected_count || ' rows', ': ' || coalesce(exception, why)),
    'docs/failed-checks.md'
from latest
where not success
union all
select
    'clock',
    'wrong',
    place,
    'holds ' || strftime(moment, '%Y-%m-%d %H:%M:%S') || ' UTC, which is ahead of this clock',
    'set the clock right: what is newest is told by these times until the clock has passed them'
from moments
where moment > $now::timestamp + interval 5 minutes
