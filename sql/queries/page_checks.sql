-- What the last check of each table found, by severity.
with latest as (
    select result.*
    from audit.expectation_result as result
    qualify
        rank() over (partition by result.table_name order by result.number desc nulls last, result.checked_at desc) = 1
)
select
    latest.severity,
    strftime(min(latest.checked_at), '%Y-%m-%d %H:%M') as checked_from,
    strftime(max(latest.checked_at), '%Y-%m-%d %H:%M') as checked_until,
    count(distinct latest.table_name) as checked_tables,
    count(*) filter (where latest.success) as passed,
    count(*) filter (where not latest.success) as failed,
    list_sort(list_distinct(list(latest.table_name || ': ' || latest.check_name) filter (where not latest.success)))
        as failed_checks
from latest
group by latest.severity
order by latest.severity
