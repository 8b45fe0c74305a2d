-- One file that this snapshot was made from.
create table meta.input (
    file varchar, -- file, as the user named it
    content_hash varchar, -- SHA-256 of the file
    rows_loaded bigint, -- rows that count
    rows_quarantined bigint, -- rows set aside, with their reasons in audit.quarantine
    loaded_at timestamp -- when it was read, UTC
)
