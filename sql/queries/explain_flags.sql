-- What each of $flags means.
select
    given.flag,
    coalesce(term.meaning, replace(given.flag, '_', ' '))
from (select unnest($flags::varchar[]) as flag) as given
left join core.term as term on term.kind = 'flag' and term.term = given.flag
order by given.flag
