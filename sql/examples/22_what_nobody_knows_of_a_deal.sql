-- What is known of every deal in the registry, and what is not?
-- How to read it: status is what the row of the registry says, outcome what a document proves. not_known is said of the
-- data, not of the world: another folder of figures may bring the day or the terms. title and url are those of the
-- document that tells of the deal, end_url that of the one that tells of its end.
select
    league.partnership_id,
    league.status,
    league.outcome,
    league.known,
    league.not_known,
    league.note,
    document.title,
    document.url,
    end_document.url as end_url
from marts.partnership_league as league
join core.document as document on document.document_id = league.document_id
left join core.document as end_document on end_document.document_id = league.end_document_id
order by league.traffic_partner, league.supply_partner, league.started_on nulls last
