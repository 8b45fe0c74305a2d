-- One row of a reference file, as the file said it.
create table raw.reference_row (
    kind varchar, -- what the file lists: platform, party, metric, document, observation, partnership, claim, ...
    file varchar, -- file, by the folder as WAREHOUSE_FIGURES names it
    content_hash varchar, -- SHA-256 of the file
    line bigint, -- physical line on which the row starts; the header is line 1
    fields map (varchar, varchar), -- header to text, as it stands in the file
    reading map (varchar, varchar), -- what the strict reader concluded: identifier and rounding half width
    loaded_at timestamp, -- when this warehouse first read the row in this content of the file, UTC
    superseded_at timestamp -- when a newer content of the file replaced it, UTC; empty while it counts
)
