-- One day of one table that is built day by day, and whose input changed since it was built.
create table raw.daily_due (
    table_name varchar, -- schema.table
    day date -- day of the input that changed
)
