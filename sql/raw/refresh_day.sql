-- The day on which the reference files were last read: by it figures count as due. One row.
create table raw.refresh_day (
    day date -- day of the last refresh, UTC
)
