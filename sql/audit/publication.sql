-- One publication or rollback of the serving snapshot.
create table audit.publication (
    version bigint, -- version that readers saw from then on
    published_at timestamp, -- when, UTC
    fingerprint varchar, -- hash over the content of all published tables
    size_bytes bigint, -- size of the file in bytes
    action varchar, -- publish or rollback
    unexplained_rows bigint -- changed rows for which no reason was found; empty where none was looked for
)
