-- The published tables, or $table alone: name, meaning, rows, and whether it has an as-of twin.
select
    tables.schema_name || '.' || tables.table_name as name,
    tables.comment,
    tables.estimated_size,
    twin.function_name is not null as has_as_of
from duckdb_tables() as tables
left join duckdb_functions() as twin
    on
        twin.database_name = current_database()
        and twin.function_type = 'table_macro'
        and twin.schema_name = tables.schema_name
        and twin.function_name = tables.table_name || '_as_of'
where
    tables.database_name = current_database() and not tables.internal
    and ($table = '' or tables.schema_name || '.' || tables.table_name = $table)
order by name
