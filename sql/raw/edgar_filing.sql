-- One annual, quarterly or interim report that EDGAR lists, and whether its facts are here.
create table raw.edgar_filing (
    cik bigint, -- number of the issuer at the SEC
    accession varchar, -- number of the filing at the SEC
    form varchar, -- 10-K, 10-Q, 20-F, 40-F, 6-K, their amendments and transition forms
    filing_date date, -- day of filing, by the SEC
    accepted_at timestamp, -- when the SEC accepted it, UTC
    report_date date, -- last day of the period reported on; empty where the SEC names none
    is_xbrl boolean, -- whether the SEC says that it carries facts
    primary_document varchar, -- file name of the report within the filing
    first_seen_at timestamp, -- when this warehouse first saw it listed, UTC
    status varchar, -- facts_loaded, pending_at_source (listed, its facts not yet served) or no_facts
    fact_count bigint, -- facts that the newest body has of it; empty before
    facts_hash varchar, -- SHA-256 over these facts, to notice when they change; empty before
    content_hash varchar, -- companyfacts body in which they were last seen as they are; empty before
    looked_at timestamp, -- when companyfacts was last asked for them, UTC; empty before
    facts_changed_at timestamp -- when another body last had other facts under this accession, UTC; empty if never
)
