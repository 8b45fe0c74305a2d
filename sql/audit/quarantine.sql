-- One row that broke its contract: kept as it was, counted, and out of every figure.
create table audit.quarantine (
    source varchar, -- source module
    file varchar, -- file, as the user named it
    content_hash varchar, -- SHA-256 of the file
    line bigint, -- physical line on which the row starts
    column_name varchar, -- column that broke the contract; empty when the row as a whole did
    raw_text varchar, -- the row as it stands in the file
    reason varchar, -- what is wrong and what would mend it
    loaded_at timestamptz, -- when it was set aside
    superseded_at timestamptz -- when a later reading replaced it; empty while it stands
)
