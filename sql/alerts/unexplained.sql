-- A publication with changed rows for which no reason was found, or at which finding them failed.
-- needs: audit.publication
select
    'publication' as key,
    if(latest.is_complete, 'none', latest.version::varchar) as state,
    not latest.is_complete as tell_when_new,
    if(
        latest.is_complete,
        'version ' || latest.version || ' has a reason for every changed row',
        'version ' || latest.version || ' has ' || latest.unexplained_rows || ' changed rows without a certain reason'
        || coalesce(': ' || latest.reasons_problem, '')
    ) as words,
    'make sql Q="select table_name, reasons, count(*) from meta.change '
    || 'where list_has_any(reasons, [''unexplained'', ''not_separated'']) group by all"' as look
from (
    select
        publication.*,
        publication.unexplained_rows = 0 and publication.reasons_problem is null as is_complete
    from audit.publication as publication
    where publication.action = 'publish' and publication.unexplained_rows is not null
    qualify row_number() over (order by publication.version desc, publication.published_at desc) = 1
) as latest
