-- The table macros of the snapshot by schema and name.
select functions.schema_name || '.' || functions.function_name as name
from duckdb_functions() as functions
where
    functions.database_name = current_database() and not functions.internal
    and functions.function_type = 'table_macro'
