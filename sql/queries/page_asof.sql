-- The days that matter: on which claims were made, on which a deal that a claim is about was announced, and the last
-- days before a company changed a figure; the newest twenty.
with claimed as (
    select
        claim.published_on as day,
        count(*) as claims,
        0 as new_deals,
        0 as changed_figures,
        list(distinct claim.document_id) as document_ids
    from core.claim as claim
    where claim.published_on is not null
    group by claim.published_on
),
announced as (
    select
        deal.announced_on as day,
        0 as claims,
        count(distinct deal.partnership_id) as new_deals,
        0 as changed_figures,
        list(distinct deal.document_id) as document_ids
    from core.partnership as deal
    join
        core.claim as claim
        on list_contains(claim.subjects, deal.traffic_partner) and list_contains(claim.subjects, deal.supply_partner)
    where deal.announced_on is not null
    group by deal.announced_on
),
changed as (
    select
        restatement.restated_on - 1 as day,
        0 as claims,
        0 as new_deals,
        count(*) as changed_figures,
        list(distinct restatement.latest_document_id) as document_ids
    from marts.restatement as restatement
    where restatement.restated_on is not null
    group by restatement.restated_on
),
turn as (
    from claimed
    union all
    from announced
    union all
    from changed
)
select
    'asof-' || turn.day as file,
    turn.day as asked,
    list_filter(
        [
            'day',
            if(sum(turn.claims) > 0, 'claimed', null),
            if(sum(turn.new_deals) > 0, 'announced', null),
            if(sum(turn.changed_figures) > 0, 'changed', null)
        ],
        lambda part: part is not null
    ) as sentence,
    turn.day as as_of_day,
    sum(turn.claims)::bigint as claims,
    sum(turn.new_deals)::bigint as new_deals,
    sum(turn.changed_figures)::bigint as changed_figures,
    list_sort(list_distinct(flatten(list(turn.document_ids)))) as document_ids
from turn
group by turn.day
order by turn.day desc
limit 20
