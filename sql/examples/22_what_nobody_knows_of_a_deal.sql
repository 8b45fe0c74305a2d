-- What is known of every deal in the registry, and what is not?
-- How to read it: not_known is said of the data, not of the world: another folder of figures may bring the day or the
-- terms.
select
    league.partnership_id,
    league.status,
    league.outcome,
    league.known,
    league.not_known,
    league.note,
    document.title,
    document.url
from marts.partnership_league as league
join core.document as document on document.document_id = league.document_id
order by league.traffic_partner, league.supply_partner, league.started_on nulls last
