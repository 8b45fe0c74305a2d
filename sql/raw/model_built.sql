-- When a table or macro of core, steps and marts was made last, and by which program. Tells what a change comes from.
create table raw.model_built (
    table_name varchar, -- schema.table, or schema.macro
    built_at timestamp, -- when it was made, UTC: rows of sources that were known then are in it
    state varchar, -- hash of its query, its Python, the scalar macros and the version of DuckDB
    basis varchar, -- hash of all that it and the results of its checks follow from; empty unless all of them passed
    content varchar -- hash of its columns and rows then
)
