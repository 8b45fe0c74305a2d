-- A publication with changed rows for which no reason was found: something changed that nothing records.
-- needs: audit.publication
select
    'publication' as key,
    if(publication.unexplained_rows > 0, publication.version::varchar, 'none') as state,
    publication.unexplained_rows > 0 as tell_when_new,
    if(
        publication.unexplained_rows > 0,
        'version ' || publication.version || ' changed ' || publication.unexplained_rows || ' rows without any reason',
        'version ' || publication.version || ' has a reason for every changed row'
    ) as words,
    'make sql Q="select table_name, count(*) from meta.change where list_contains(reasons, ''unexplained'') group by 1"'
        as look
from audit.publication as publication
where publication.action = 'publish' and publication.unexplained_rows is not null
qualify row_number() over (order by publication.version desc, publication.published_at desc) = 1
