-- Facts of filings that came or went since the moment $since, and what kind of change each is.
select
    fact.rowid as entry_id,
    if(fact.superseded_at is null and bool_or(observation.is_restatement), 'restatement', 'document') as reason,
    any_value(filing.document_id) as cause,
    any_value(observation.platform) as platform,
    any_value(observation.observation_id) as observation_id,
    null::date as first_day,
    null::date as last_day,
    null::varchar as currency
from raw.edgar_fact as fact
left join core.edgar_filing as filing on filing.accession = fact.accn and filing.cik = fact.cik
left join core.observation as observation
    on
        observation.document_id = filing.document_id
        and observation.locator = fact.taxonomy || ':' || fact.concept
        and observation.unit = fact.unit
        and observation.period_start is not distinct from fact.period_start
        and observation.period_end = fact.period_end
where fact.loaded_at > $since or fact.superseded_at > $since
group by fact.rowid, fact.superseded_at
