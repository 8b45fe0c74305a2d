-- A figure that should be out by now and is not here, by the rhythm of the company: no failure, but time to look.
-- Those of the first look are history.
-- needs: core.due_latest
-- news
select
    concat_ws(' ', due.platform, due.metric, nullif(due.scope, ''), due.months || ' months') as key,
    max(due.period_end)::varchar as state,
    true as tell_when_new,
    'is due to ' || max(due.period_end) || ', known to ' || max(due.last_period_end) as words,
    'make sql Q="from marts.coverage where status = ''due'' and platform = '''
    || due.platform
    || ''' and metric = '''
    || due.metric
    || ''' order by period_end"' as look
from core.due_latest as due
group by due.platform, due.metric, due.scope, due.months
