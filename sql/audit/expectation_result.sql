-- One expectation on one table in one run.
create table audit.expectation_result (
    run_id varchar, -- run of the refresh
    checked_at timestamp, -- when it was checked, UTC
    table_name varchar, -- schema.table
    check_name varchar, -- name of the check in its suite and in the Dagster UI
    expectation_type varchar, -- Great Expectations type
    severity varchar, -- critical blocks and rolls back; warning shows
    success boolean, -- whether it held
    observed_value varchar, -- what was observed, as JSON
    unexpected_count bigint, -- rows that broke it
    element_count bigint, -- rows looked at
    kwargs varchar, -- its arguments, as JSON
    why varchar, -- why it matters
    exception varchar, -- error that kept it from running
    place varchar, -- platforms of the rows that broke it, each with its first day and file; empty where they tell none
    number bigint -- increases with every run of a suite, whatever the clock says; empty in results of older versions
)
