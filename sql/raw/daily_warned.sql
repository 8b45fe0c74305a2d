-- One day of one delivered or daily table with rows that broke a check that warns: judged again until they are gone.
create table raw.daily_warned (
    table_name varchar, -- schema.table
    day date -- day of the rows
)
