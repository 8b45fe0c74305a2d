-- A check that newly fails, or holds again.
-- needs: audit.expectation_result
select
    result.table_name || ' ' || result.check_name as key,
    if(result.success, 'holds', 'fails') as state,
    not result.success as tell_when_new,
    if(
        result.success,
        'holds again',
        coalesce(
            result.exception,
            coalesce(result.unexpected_count || ' rows' || coalesce(' (' || result.place || ')', '') || ': ', '')
            || result.why
        )
    ) as words,
    'make sql Q="from audit.expectation_result where check_name = '''
    || result.check_name
    || ''' order by number desc limit 3"' as look
from audit.expectation_result as result
qualify rank() over (partition by result.table_name order by result.number desc nulls last, result.checked_at desc) = 1
