-- One row that broke its contract, or one file that was refused whole: kept as it was, and out of every figure.
create table audit.quarantine (
    source varchar, -- source module
    file varchar, -- file, as the user named it
    content_hash varchar, -- SHA-256 of the file
    line bigint, -- physical line on which the row starts; empty for a whole file and where it is not known
    column_name varchar, -- column that broke the contract; empty when the row as a whole did
    raw_text varchar, -- the row as it stands in the file; empty where the file as a whole was refused
    reason varchar, -- what is wrong and what would mend it
    loaded_at timestamp, -- when it was set aside, UTC
    superseded_at timestamp, -- when a later reading replaced it, or a person dismissed it, UTC; empty while it stands
    table_name varchar -- delivered table of its contract; empty where no contract fits, and for other sources
)
