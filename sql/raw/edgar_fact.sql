-- One fact of one filing, as SEC EDGAR's companyfacts tell it.
create table raw.edgar_fact (
    cik bigint, -- SEC central index key of the issuer
    taxonomy varchar, -- us-gaap, ifrs-full, dei, ... or the issuer's own
    concept varchar, -- XBRL concept
    unit varchar, -- ISO 4217 code, shares, pure, ...
    period_start date, -- first day of the period; empty for an instant
    period_end date, -- last day of the period, or the instant
    accn varchar, -- accession number of the filing
    val decimal(38, 10), -- value, in unit
    form varchar, -- form of the filing
    filed date, -- day of filing: when the world could know it
    fy integer, -- fiscal year of the filing, not of the fact: never a key
    fp varchar, -- fiscal period of the filing, not of the fact: never a key
    frame varchar, -- calendar frame; only the latest filing keeps it: never a key
    content_hash varchar, -- SHA-256 of the body in which it was first seen
    loaded_at timestamp, -- when this warehouse first read the fact with this value, UTC
    superseded_at timestamp -- when a later body told it otherwise or no longer, UTC; empty while it counts
)
