-- Every deal with its days, its end and what became of it; a pair's deals stand together, the oldest pair first.
select
    traffic.name as traffic,
    supply.name as supply,
    league.partnership_id,
    deal.kind,
    league.started_on,
    league.ended_on,
    league.ended_from,
    league.ended_by,
    league.life_days,
    league.life_days_at_most,
    league.outcome,
    league.pair_outcome,
    league.pair_span_days,
    league.not_known,
    [league.document_id, league.end_document_id] as document_ids
from marts.partnership_league as league
join core.partnership as deal on deal.partnership_id = league.partnership_id
left join core.party as traffic on traffic.party = league.traffic_partner
left join core.party as supply on supply.party = league.supply_partner
order by
    min(coalesce(league.started_on, league.ended_from)) over (
        partition by league.traffic_partner, league.supply_partner
    ) nulls last,
    league.traffic_partner,
    league.supply_partner,
    coalesce(league.started_on, league.ended_from) nulls last,
    league.partnership_id
