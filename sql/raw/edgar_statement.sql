-- One number of the SEC's Financial Statement Data Sets. Its days are rounded to month ends: no figure is made of it.
create table raw.edgar_statement (
    cik bigint, -- SEC central index key of the issuer
    accn varchar, -- accession number of the filing
    name varchar, -- issuer as the SEC names it
    form varchar, -- form of the filing
    filed date, -- day of filing
    period date, -- balance sheet day, rounded to a month end
    fiscal_year_end varchar, -- MMDD, rounded to a month end
    tag varchar, -- concept, standard or the issuer's own
    version varchar, -- taxonomy and year, or the accession number for a custom tag
    is_custom boolean, -- whether the tag is the issuer's own
    month_end date, -- last day of the period, rounded to a month end
    quarters integer, -- length in quarters, rounded; 0 for an instant
    unit varchar, -- unit of measure
    segments varchar, -- axis and member of a part; empty for the whole
    coregistrant varchar, -- co-registrant; empty for the issuer
    is_consolidated boolean, -- whether it is the whole company: neither segments nor co-registrant
    val decimal(38, 4), -- value, in unit; empty where the filing states none
    statement varchar, -- BS, IS, CF, EQ, CI or UN; empty where no statement shows it
    label varchar, -- label in the statement, else of the tag
    content_hash varchar, -- SHA-256 of num.txt
    loaded_at timestamp -- when this warehouse read it, UTC
)
