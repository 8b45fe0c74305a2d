-- An issuer whose facts SEC EDGAR can bring: every platform with a CIK. With SEC_USER_AGENT exactly these are asked;
-- without it, or when EDGAR does not answer, what the reference files hold of them is all there is.
-- Filings carry expense, revenue and costs as facts. They never carry buyers: these are in the text of releases.
-- group: filings
-- grain: platform
with issuer as (
    select
        platform.platform,
        platform.company,
        platform.fiscal_year_end,
        try_cast(platform.sec_cik as bigint) as cik
    from core.platform as platform
    where platform.sec_cik is not null
),
concept as (
    select
        issuer.platform,
        asked.metric,
        asked.taxonomy || ':' || asked.concept as concept,
        asked.priority
    from issuer
    join core.edgar_concept as asked on asked.platform in (issuer.platform, '*')
    qualify asked.platform = max(asked.platform) over (partition by issuer.platform, asked.metric)
),
asked as (
    select
        concept.platform,
        list_distinct(list(concept.metric)) as metrics,
        list(concept.concept order by concept.priority, concept.concept) filter (
            where concept.metric = 'sm_expense'
        ) as expense_concepts
    from concept
    group by concept.platform
),
listed as (
    select
        filing.cik,
        count(*) as reports,
        max(filing.filing_date) as newest_report_on
    from raw.edgar_filing as filing
    group by filing.cik
),
fetched as (
    select
        fact.cik,
        count(*) as facts
    from raw.edgar_fact as fact
    where fact.superseded_at is null
    group by fact.cik
),
embedded as (
    select
        entry.fields['platform'] as platform,
        count(*) as figures,
        min(entry.fields['period_end']::date) as first_end,
        max(entry.fields['period_end']::date) as last_end
    from raw.reference_row as entry
    join asked on asked.platform = entry.fields['platform'] and list_contains(asked.metrics, entry.fields['metric'])
    where entry.kind = 'observation' and entry.superseded_at is null
    group by entry.fields['platform']
)
select
    issuer.platform::varchar as platform,                -- platform slug
    issuer.company::varchar as company,                  -- company that files
    issuer.cik::bigint as cik,                           -- SEC central index key
    issuer.fiscal_year_end::varchar as fiscal_year_end,  -- month and day, MM-DD
    coalesce(asked.expense_concepts, [])::varchar[] as expense_concepts,
    -- XBRL concepts that tell its sales and marketing expense, the one asked first at the front, see core.edgar_concept
    case
        when fetched.facts > 0 then 'fetched'
        when embedded.figures > 0 then 'embedded'
        else 'nothing'
    end::varchar as status,                              -- what is here of it, see core.term
    coalesce(listed.reports, 0)::bigint as reports,      -- reports that EDGAR listed here
    listed.newest_report_on::date as newest_report_on,   -- day of the newest of them; empty where EDGAR was not asked
    coalesce(fetched.facts, 0)::bigint as facts,         -- facts fetched or loaded in bulk
    coalesce(embedded.figures, 0)::bigint as embedded_figures,
    -- figures in the reference files, of any document, of the metrics that EDGAR can bring
    embedded.first_end::date as embedded_from,           -- last day of the earliest period of these
    embedded.last_end::date as embedded_to               -- last day of the latest period of these
from issuer
left join asked on asked.platform = issuer.platform
left join listed on listed.cik = issuer.cik
left join fetched on fetched.cik = issuer.cik
left join embedded on embedded.platform = issuer.platform
