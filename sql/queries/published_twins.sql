-- Tables of the database $catalog in $schemas, each with the table macro that has it as of a day, or none: in core
-- x_known(day) for x and x_as_of(day) for x_latest, elsewhere x_as_of(day) for x.
with twin as (
    select distinct
        schema_name,
        function_name
    from duckdb_functions()
    where database_name = $catalog and function_type = 'table_macro'
)
select
    relation.schema_name || '.' || relation.table_name,
    twin.schema_name || '.' || twin.function_name
from duckdb_tables() as relation
left join twin
    on
        twin.schema_name = relation.schema_name
        and twin.function_name = case
            when relation.schema_name <> 'core' then relation.table_name || '_as_of'
            when relation.table_name like '%\_latest' escape '\' then replace(relation.table_name, '_latest', '_as_of')
            else relation.table_name || '_known'
        end
where relation.database_name = $catalog and list_contains($schemas, relation.schema_name)
order by all
