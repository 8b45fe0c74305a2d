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
        list_distinct(flatten([league.pair_ids])) as pair_ids
    from marts.partnership_league as league
    left join core.party as traffic on traffic.party = league.traffic_partner
    left join core.party as supply on supply.party = league.supply_partner
),
document as (
    select
        league.pair_ids,
        list_distinct(
            list_concat(
                list(league.document_id), list(league.end_document_id) filter (where league.end_document_id is not null)
            )
        ) as document_ids
    from marts.partnership_league as league
    group by league.pair_ids
)
select
    case
        when pair.pair_span_days is null then 'days' when pair.outcome = 'parted' then 'lifetime' else 'so_far'
    end as sentence,
    pair.traffic,
    pair.supply,
    pair.outcome,
    pair.pair_first_on,
    pair.pair_last_on,
    pair.pair_span_days,
    null as pairs,
    list_sort(document.document_ids) as document_ids
from pair
left join document on list_sort(document.pair_ids) = list_sort(pair.pair_ids)
where pair.outcome <> 'not_known'
union all
select
    'unknown',
    null,
    null,
    any_value(pair.outcome),
    null,
    null,
    null,
    count(*),
    []
from pair
where pair.outcome = 'not_known'
having count(*) > 0
order by pairs nulls first, outcome, pair_span_days desc nulls last, traffic, supply
