-- The tables of an export with their columns: the marts and those named in $also, or with $everything all that are
-- published.
select
    tables.schema_name || '.' || tables.table_name as name,
    tables.comment,
    list(
        { 'name': col.column_name, 'type': col.data_type, 'meaning': coalesce(col.comment, '') }
        order by col.column_index
    ) as columns
from duckdb_tables() as tables
join duckdb_columns() as col on col.database_oid = tables.database_oid and col.table_oid = tables.table_oid
where
    tables.database_name = current_database()
    and (
        $everything or tables.schema_name = 'marts'
        or list_contains($also, tables.schema_name || '.' || tables.table_name)
    )
group by all
order by name
