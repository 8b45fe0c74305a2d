-- Which text the tables of sources and the audit were made from, so that a step need not make them again.
create table raw.bookkeeping (
    text_hash varchar -- SHA-256 of that text
)
