-- One publication or rollback of the serving snapshot.
create table audit.publication (
    version bigint, -- version that readers saw from then on
    published_at timestamp, -- when, UTC
    fingerprint varchar, -- hash over the content of all published tables
    size_bytes bigint, -- size of the file in bytes
    action varchar, -- publish or rollback
    unexplained_rows bigint, -- changed rows without a certain reason; empty where none was looked for
    reasons_problem varchar -- why reasons or causes were not found; empty where nothing went wrong
)
