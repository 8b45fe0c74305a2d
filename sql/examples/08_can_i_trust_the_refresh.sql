-- What did the last refresh read, set aside and doubt?
-- How to read it: rows_read = rows_loaded + rows_quarantined for every file; audit.quarantine has each row's reason.
-- Warnings do not block: they show where documents disagree.
select 'file' as kind, l.file as name, l.rows_read || ' read, ' || l.rows_quarantined || ' quarantined' as what
from audit.load as l
where l.superseded_at is null
union all
select 'warning', e.table_name || ': ' || e.check_name, e.unexpected_count || ' rows: ' || e.why
from audit.expectation_result as e
where not e.success and e.checked_at >= (select max(x.checked_at) - interval 10 minute from audit.expectation_result as x)
order by kind, name
