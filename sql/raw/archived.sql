-- How far the archive of deliveries has come. One row; none before the first delivery.
create table raw.archived (
    number bigint, -- number of the last file of the archive whose content this database has
    recovered_at timestamp, -- when it was last brought back from copy and archive, UTC; empty where it never was
    told varchar, -- from what it was brought back then, and what is lost; empty where it never was
    is_published boolean, -- whether it was published since then; empty counts as no
    reads_again boolean -- whether reference data and filings have to be read again before; empty counts as no
)
