-- What the register has on a deal: its days, its end, what became of it, and what is not known.
select
    'deal-' || league.partnership_id as file,
    league.partnership_id,
    deal.kind,
    deal.announced_on,
    league.started_on,
    league.ended_from,
    league.ended_by,
    league.life_days,
    league.outcome,
    league.pair_outcome,
    deal.terms,
    league.known,
    league.not_known,
    [league.document_id, league.end_document_id] as document_ids
from marts.partnership_league as league
join core.partnership as deal on deal.partnership_id = league.partnership_id
where league.partnership_id in (select unnest($keys))
order by league.partnership_id
