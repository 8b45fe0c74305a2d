-- Tables and views of the database $catalog in $schemas, with text of a view, comment and columns; none with a column
-- named in $personal.
with relation as (
    select
        schema_name,
        table_name as name,
        null as text,
        comment
    from duckdb_tables()
    where database_name = $catalog and not internal
    union all
    select
        schema_name,
        view_name,
        sql,
        comment
    from duckdb_views()
    where database_name = $catalog and not internal
)
select
    relation.schema_name || '.' || relation.name,
    relation.text,
    relation.comment,
    list([col.column_name, col.data_type, col.comment] order by col.column_index)
from relation as relation
join duckdb_columns() as col
    on col.database_name = $catalog and col.schema_name = relation.schema_name and col.table_name = relation.name
where list_contains($schemas, relation.schema_name)
group by all
having not bool_or(list_contains($personal, col.column_name))
order by 1
