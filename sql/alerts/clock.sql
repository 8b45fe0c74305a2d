-- A load, result, publication or source that is dated later than this machine's clock: it ran ahead, or is behind now.
-- needs: audit.load, audit.expectation_result, audit.publication, audit.source_status
with moment as (
    select
        'audit.load' as place,
        max(load.loaded_at) as latest_at
    from audit.load as load
    union all
    select
        'audit.expectation_result',
        max(result.checked_at)
    from audit.expectation_result as result
    union all
    select
        'audit.publication',
        max(publication.published_at)
    from audit.publication as publication
    union all
    select
        'audit.source_status',
        max(status.since)
    from audit.source_status as status
),
compared as (
    select
        moment.place,
        moment.latest_at,
        moment.latest_at > (now() at time zone 'UTC') + interval 5 minutes as is_ahead
    from moment
)
select
    compared.place as key,
    if(compared.is_ahead, 'ahead', 'fine') as state,
    compared.is_ahead as tell_when_new,
    if(
        compared.is_ahead,
        'holds ' || strftime(compared.latest_at, '%Y-%m-%d %H:%M UTC') || ', which is later than the clock of this '
        || 'machine: what is loaded until then is known as of that time',
        'holds no time that is still to come any more'
    ) as words,
    'make doctor' as look
from compared
where compared.latest_at is not null
