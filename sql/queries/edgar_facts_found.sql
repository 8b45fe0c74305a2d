-- What became of the filings of temp table found. A filing before $day without facts is given up.
update raw.edgar_filing as filing set
    status = case
        when found.is_served then 'facts_loaded'
        when filing.status = 'pending_at_source' and filing.filing_date < $day then 'no_facts'
        else filing.status
    end,
    fact_count = if(found.is_served, found.count, filing.fact_count),
    facts_hash = if(found.is_served, found.facts_hash, filing.facts_hash),
    content_hash = if(found.is_served, $hash, filing.content_hash),
    facts_changed_at = if(found.is_changed, $now, filing.facts_changed_at),
    looked_at = if(filing.is_xbrl, $now, filing.looked_at)
from found
where filing.rowid = found.filing
