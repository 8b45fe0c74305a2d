-- What this snapshot is: one row.
create table meta.publication (
    version bigint, -- number of the publication; a later one is higher
    refreshed_at timestamp, -- when it was published, UTC
    fingerprint varchar, -- hash over all content: the same hash, the same answers
    duckdb_version varchar, -- DuckDB that wrote the file
    warehouse_version varchar -- version of this project that wrote the file
)
