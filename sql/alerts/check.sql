-- A check that newly fails, or holds again.
-- needs: audit.expectation_result
select
    e.table_name || ' ' || e.check_name as key,
    if(e.success, 'holds', 'fails') as state,
    not e.success as tell_when_new,
    if(e.success, 'holds again', coalesce(e.exception, coalesce(e.unexpected_count || ' rows: ', '') || e.why)) as words,
    'make sql Q="from audit.expectation_result where check_name = ''' || e.check_name || ''' order by checked_at desc limit 3"' as look
from audit.expectation_result as e
qualify row_number() over (partition by e.table_name, e.check_name order by e.checked_at desc) = 1
