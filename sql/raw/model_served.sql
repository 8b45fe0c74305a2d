-- What a kept snapshot was made from: raw.model_built as it was when its content was compared last.
create table raw.model_served (
    version bigint, -- number of the publication
    table_name varchar, -- schema.table or schema.macro; empty for what teams deliver, raw.refresh_day for that day
    built_at timestamp, -- rows of sources that were known then, UTC, are in it
    state varchar -- hash of what made it; of raw.refresh_day the day
)
