-- The published tables by schema and name.
select tables.schema_name || '.' || tables.table_name as name
from duckdb_tables() as tables
where tables.database_name = current_database() and not tables.internal
order by name
