-- The columns of the published table $table, in their order.
select
    columns.column_name,
    columns.data_type,
    columns.comment
from duckdb_columns() as columns
where
    columns.database_name = current_database() and not columns.internal
    and columns.schema_name || '.' || columns.table_name = $table
order by columns.column_index
