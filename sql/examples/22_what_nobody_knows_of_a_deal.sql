-- What is known of every deal in the registry, and what is not?
-- How to read it: not_known is said of the data, not of the world: another folder of figures may bring the day or the terms.
select l.partnership_id, l.status, l.outcome, l.known, l.not_known, l.note, d.title, d.url
from marts.partnership_league as l
join core.document as d on d.document_id = l.document_id
order by l.traffic_partner, l.supply_partner, l.started_on nulls last
