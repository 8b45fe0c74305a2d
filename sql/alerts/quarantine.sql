-- A delivered file with rows in quarantine, or refused whole, until it is corrected or dismissed.
-- needs: audit.quarantine
with entry as (
    select
        entry.source,
        entry.file,
        entry.content_hash,
        entry.line,
        entry.superseded_at is null as stands,
        concat_ws(' ', entry.column_name, entry.reason) as told
    from audit.quarantine as entry
)
select
    entry.source || ' ' || entry.file as key,
    if(
        bool_or(entry.stands),
        count(*) filter (where entry.stands)
        || ' of '
        || max(left(entry.content_hash, 12)) filter (where entry.stands),
        'none'
    ) as state,
    bool_or(entry.stands) as tell_when_new,
    case
        when not bool_or(entry.stands) then 'has nothing in quarantine any more'
        when bool_or(entry.stands and entry.line is null)
            then 'was refused: ' || max(entry.told) filter (where entry.stands and entry.line is null)
        else
            count(*) filter (where entry.stands)
            || ' rows in quarantine, the first in line '
            || min(entry.line) filter (where entry.stands)
            || ': '
            || min_by(entry.told, entry.line) filter (where entry.stands)
    end as words,
    'make sql Q="from audit.quarantine where superseded_at is null and file = '''
    || replace(entry.file, '''', '''''')
    || '''"' as look
from entry
group by entry.source, entry.file
