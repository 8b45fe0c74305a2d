-- A report of a measured platform of which SEC EDGAR gave facts: annual, quarterly or interim, amended or of a
-- transition period.
-- Offering documents and other forms carry facts too, and are left out.
-- group: filings
-- grain: document_id
with issuer as (
    select
        try_cast(regexp_replace(platform.sec_cik, '[^0-9]', '', 'g') as bigint) as cik,
        min(coalesce(platform.company, platform.name)) as company
    from core.platform as platform
    where platform.sec_cik is not null
    group by 1
)
select
    ('sec_' || fact.accn)::varchar as document_id,  -- identifier of the filing as a document
    fact.accn::varchar as accession,                -- accession number at the SEC
    min(fact.cik)::bigint as cik,                   -- SEC central index key of the issuer
    min(fact.form)::varchar as form,
    -- 10-K, 10-Q, 20-F, 40-F, 6-K, with T for a transition period, /A for an amendment
    (min(issuer.company) || ' ' || min(fact.form) || ', ' || fact.accn)::varchar as title,
    -- issuer, form and accession number
    (
        'https://www.sec.gov/Archives/edgar/data/'
        || min(fact.cik)
        || '/'
        || replace(fact.accn, '-', '')
        || '/'
        || fact.accn
        || '-index.htm'
    )::varchar as url,                              -- index page of the filing at the SEC
    min(fact.filed)::date as published_on,          -- day of filing
    count(*)::bigint as facts,                      -- facts that it carries
    min(fact.loaded_at)::timestamp as loaded_at   -- when this warehouse knew it, UTC
from raw.edgar_fact as fact
join issuer on issuer.cik = fact.cik
where fact.superseded_at is null and regexp_full_match(fact.form, '(10-KT?|10-QT?|20-FT?|40-FT?|6-K)(/A)?')
group by fact.accn
