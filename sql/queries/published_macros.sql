-- Macros of the database $catalog in $schemas.
select
    schema_name || '.' || function_name,
    function_type,
    parameters,
    parameter_types,
    comment,
    macro_definition
from duckdb_functions()
where database_name = $catalog and list_contains($schemas, schema_name) and not internal
order by all
