-- How far the daily tables have come, one row a table.
create table raw.daily_state (
    table_name varchar, -- schema.table
    state varchar -- delivered table: when its newest known row came; built one: a hash of query and undated inputs
)
