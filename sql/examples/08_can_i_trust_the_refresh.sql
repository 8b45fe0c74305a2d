-- What did the last refresh read, set aside and doubt?
-- How to read it: rows_read = rows_loaded + rows_quarantined for every file; audit.quarantine has each row's reason.
-- Warnings do not block: they show where documents disagree.
select
    'file' as kind,
    load.file as name,
    load.rows_read || ' read, ' || load.rows_quarantined || ' quarantined' as what
from audit.load as load
where load.superseded_at is null
union all
select
    'warning',
    result.table_name || ': ' || result.check_name,
    result.unexpected_count || ' rows: ' || result.why
from audit.expectation_result as result
qualify
    not result.success
    and rank() over (partition by result.table_name order by result.number desc nulls last, result.checked_at desc) = 1
order by kind, name
-- Answer: each row of the reference files was read, and 0 are in quarantine; where a check warned, a row says how many
-- rows and why.
