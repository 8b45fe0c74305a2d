-- One reading of one file: what became of its rows. rows_read = rows_loaded + rows_quarantined + rows_skipped.
create table audit.load (
    source varchar, -- source module
    file varchar, -- file, as the user named it
    content_hash varchar, -- SHA-256 of the file
    rows_read bigint, -- rows in the file
    rows_loaded bigint, -- rows that count, or are part of one that a profile added up
    rows_quarantined bigint, -- rows set aside, with their reasons in audit.quarantine
    rows_superseded bigint, -- earlier rows that this reading replaced
    status varchar, -- loaded, partly_loaded, refused or superseded
    message varchar, -- why it was refused or superseded, and what was skipped or told; empty otherwise
    loaded_at timestamp, -- when it was read, UTC
    superseded_at timestamp, -- when a later reading replaced it, UTC; empty while it counts
    load_id integer, -- number by which rows of the inbox name the load that brought them; empty for other sources
    rows_skipped bigint, -- rows that are no data, such as totals, as message tells them
    profile varchar -- profile that read it; empty for a file in the form of a contract
)
