-- What is new since the publication before: rows of core, steps and marts that came, went or changed.
select
    case
        when publication.version = 1 then 'first' when change.changed_rows is null then 'same' else 'changed'
    end as sentence,
    publication.version,
    publication.refreshed_at::date as refreshed_on,
    change.changed_rows,
    change.changed_tables,
    change.largest
from meta.publication as publication
left join (
    select
        count(distinct concat_ws(chr(31), row.table_name, row.row_key)) as changed_rows,
        count(distinct row.table_name) as changed_tables,
        mode(row.table_name) as largest
    from meta.change as row
    having count(*) > 0
) as change on true
