-- Which filings of issuer $cik have facts in a body that came. $served are the filings in the body.
create or replace temp table found as
select
    filing.rowid as filing,
    served.count,
    served.facts_hash,
    served.facts_hash is not null as is_served,
    is_served and filing.status <> 'facts_loaded' as is_new,
    (filing.facts_hash is distinct from served.facts_hash) and filing.status = 'facts_loaded' as is_changed
from raw.edgar_filing as filing
left join (
    select unnest($served::struct(accession varchar, count bigint, facts_hash varchar)[], recursive := true)
) as served on served.accession = filing.accession
where filing.cik = $cik
