-- How far the archive of deliveries has come. One row; none before the first delivery.
create table raw.archived (
    number bigint, -- number of the last file of the archive whose content this database has
    recovered_at timestamp, -- when it was brought back from copy and archive, UTC; empty once that was published
    told varchar -- from what it was brought back, and what is lost; empty otherwise
)
