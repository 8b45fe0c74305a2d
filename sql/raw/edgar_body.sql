-- One answer of SEC EDGAR, kept once as it came: the body on disk by its hash, here where it came from.
create table raw.edgar_body (
    kind varchar, -- submissions, submissions_page or companyfacts
    cik bigint, -- number of the issuer at the SEC
    part varchar, -- which older page, and how it was listed; empty for a whole body
    content_hash varchar, -- SHA-256 of the body, unpacked
    path varchar, -- file with the packed body, from $WAREHOUSE_HOME
    size_bytes bigint, -- size of the body in bytes, unpacked
    fetched_at timestamp, -- when this content was first seen, UTC
    headers map (varchar, varchar) -- headers it came with then; empty for one loaded from disk
)
