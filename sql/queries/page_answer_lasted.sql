-- Which deals lasted, which parted, after how long: a sentence for each pair of which something is known, one for the
-- others.
with pair as (
    select distinct
        traffic.name as traffic,
        supply.name as supply,
        league.pair_outcome as outcome,
        league.pair_deals,
        league.pair_first_on,
        league.pair_last_on,
        league.pair_span_days,
        league.is_pair_unbroken as is_unbroken,
        list_distinct(flatten([league.pair_ids])) as pair_ids
    from marts.partnership_league as league
    left join core.party as traffic on traffic.party = league.traffic_partner
    left join core.party as supply on supply.party = league.supply_partner
),
known as (
    select
        league.pair_ids,
        max(league.ended_from) filter (where league.outcome = 'parted') as ended_from,
        max(league.ended_by) filter (where league.outcome = 'parted') as ended_by,
        arg_max(league.is_end_announced, league.ended_by) filter (where league.outcome = 'parted') as is_end_announced,
        arg_max(league.is_start_announced, league.started_on) as is_start_announced,
        max(league.started_on) as last_started_on,
        list_distinct(
            list_filter(
                flatten(list([league.document_id, league.end_document_id, event.document_id])),
                lambda id: id is not null
            )
        ) as document_ids
    from marts.partnership_league as league
    left join core.partnership_event as event
        on
            event.partnership_id = league.partnership_id
            and event.document_id not in (
                select claim.document_id from core.claim as claim
                where claim.metric like 'partnership%'
            )
    group by league.pair_ids
)
select
    list_filter([
        case
            when
                pair.pair_span_days is not null and pair.outcome = 'parted' and pair.is_unbroken
                and known.ended_from = known.ended_by
                then 'lifetime'
            when pair.pair_span_days is not null then 'so_far'
            when known.ended_by is null then 'days'
            when pair.pair_first_on is null then 'ended'
            else 'began'
        end,
        if(known.is_end_announced and pair.pair_last_on = known.ended_by, 'end_announced', null),
        if(known.is_start_announced and pair.pair_last_on = known.last_started_on, 'start_announced', null)
    ], lambda kind: kind is not null) as sentence,
    pair.traffic,
    pair.supply,
    pair.outcome,
    pair.pair_first_on,
    pair.pair_last_on,
    pair.pair_span_days,
    known.ended_from,
    known.ended_by,
    null as pairs,
    list_sort(known.document_ids) as document_ids
from pair
left join known on list_sort(known.pair_ids) = list_sort(pair.pair_ids)
where pair.outcome <> 'not_known'
union all
select
    ['unknown'],
    null,
    null,
    any_value(pair.outcome),
    null,
    null,
    null,
    null,
    null,
    count(*),
    []
from pair
where pair.outcome = 'not_known'
having count(*) > 0
order by pairs nulls first, outcome, pair_span_days desc nulls last, traffic, supply
