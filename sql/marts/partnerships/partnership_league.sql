-- How long a deal lived and what became of it and of its pair; what is known of it and what is not.
-- Days of deals are not versioned: the registry as it stands.
-- grain: partnership_id
-- twin: no
with deal as (
    select
        partnership.*,
        coalesce(partnership.effective_on, partnership.announced_on) as started_on
    from core.partnership as partnership
),
step as (
    select
        link.earlier_id,
        link.relation,
        deal.partnership_id as later_id,
        deal.started_on as later_on
    from deal
    cross join
        lateral (
            select
                unnest(deal.predecessor_ids) as earlier_id,
                unnest(deal.predecessor_relations) as relation
        ) as link
),
next as (
    select
        step.earlier_id,
        min(step.later_on) filter (where step.relation <> 'extends') as back_on,
        min(step.later_on) filter (where step.relation = 'renews') as renewed_on,
        case
            when bool_or(step.relation = 'renews') then 'renewed'
            when bool_or(step.relation = 'resumes') then 'resumed'
            else 'extended'
        end as outcome
    from step
    group by step.earlier_id
),
pair as (
    select
        deal.traffic_partner,
        deal.supply_partner,
        count(*) as deals,
        list(deal.partnership_id order by deal.started_on nulls last, deal.partnership_id) as ids,
        least(min(deal.announced_on), min(deal.started_on), min(deal.ended_on)) as first_on,
        greatest(max(deal.started_on), max(deal.announced_on), max(deal.ended_on)) as last_on,
        case
            when bool_and(deal.status = 'ended') then 'parted'
            when bool_or(list_contains(deal.predecessor_relations, 'resumes')) then 'parted_and_back'
            when bool_or(list_contains(deal.predecessor_relations, 'renews')) then 'renewed'
            when bool_or(deal.status = 'running') then 'running'
            else 'not_known'
        end as outcome
    from deal
    group by all
),
figures as (
    select
        near.partnership_id,
        count(*) filter (where near.position = 'before') as figures_before,
        count(*) filter (where near.position = 'after') as figures_after,
        list_sort(list(distinct near.platform)) as platforms
    from marts.partnership_window as near
    join deal on deal.partnership_id = near.partnership_id and deal.started_on = near.event_on
    where near.side <> 'peer' and near.event = if(deal.effective_on is null, 'announced', 'effective')
    group by near.partnership_id
)
select
    deal.partnership_id::varchar as partnership_id,      -- identifier of the deal
    deal.traffic_partner::varchar as traffic_partner,    -- party that has attention
    deal.supply_partner::varchar as supply_partner,      -- party that has goods
    deal.kind::varchar as kind,  -- referral_link, in_app_store, direct_supply, investment or other
    deal.status::varchar as status,                      -- ended, running or unknown, as the registry's sources say
    deal.started_on::date as started_on,
    -- first day it was live, else the day of announcement; empty where neither is known
    deal.ended_on::date as ended_on,                     -- day it ended; empty where it runs or the day is unknown
    coalesce(deal.ended_on, if(deal.status = 'ended', next.renewed_on, null))::date as ended_by,
    -- day by which it had ended: its own, else when its renewal began
    date_diff('day', deal.started_on, deal.ended_on)::integer as life_days,
    -- from started_on to ended_on, days; empty where one of them is unknown
    date_diff(
        'day', deal.started_on, coalesce(deal.ended_on, if(deal.status = 'ended', next.renewed_on, null))
    )::integer as life_days_at_most,                     -- from started_on to ended_by, days
    coalesce(
        next.outcome, if(deal.status = 'ended', 'parted', if(deal.status = 'running', 'running', 'not_known'))
    )::varchar as outcome,                               -- what became of the deal, see core.term
    date_diff('day', deal.ended_on, next.back_on)::integer as days_until_back,
    -- from ended_on to the deal that renews or resumes it, days
    deal.predecessor_ids::varchar[] as predecessor_ids,  -- deals that it follows
    deal.successor_ids::varchar[] as successor_ids,      -- deals that follow it
    pair.deals::integer as pair_deals,                   -- deals of the same two parties
    pair.ids::varchar[] as pair_ids,                     -- those deals, earliest first, undated ones last
    pair.outcome::varchar as pair_outcome,               -- what became of the pair, see core.term
    pair.first_on::date as pair_first_on,                -- first day known of the pair
    pair.last_on::date as pair_last_on,                  -- last day known of the pair, not its end unless it parted
    nullif(date_diff('day', pair.first_on, pair.last_on), 0)::integer as pair_span_days,
    -- between those two, days, interruptions included; empty where only one day is known
    coalesce(figures.figures_before, 0)::integer as figures_before,
    -- public figures of the partners in the window before it started
    coalesce(figures.figures_after, 0)::integer as figures_after,
    -- public figures of the partners in the window after it started
    concat_ws(
        '; ',
        'announced ' || deal.announced_on::varchar,
        'live from ' || deal.effective_on::varchar,
        'ended ' || deal.ended_on::varchar,
        'covers ' || deal.scope, 'terms: ' || deal.terms, 'figures of ' || array_to_string(figures.platforms, ' and ')
    )::varchar as known,                                 -- what is known, in words
    concat_ws(
        '; ',
        if(deal.announced_on is null, 'the day it was announced', null),
        if(deal.effective_on is null, 'the first day it was live', null),
        if(deal.status = 'ended' and deal.ended_on is null, 'the day it ended', null),
        if(deal.status = 'unknown', 'whether it still runs', null),
        if(deal.terms is null, 'its terms', null), if(deal.started_on is null, 'any before and after', null),
        if(
            deal.started_on is not null
            and coalesce(figures.figures_before, 0) * coalesce(figures.figures_after, 0) = 0,
            'figures on both sides of its start',
            null
        ),
        'what it alone brought: nobody prints it'
    )::varchar as not_known,                             -- what cannot be known from the data, in words
    deal.note::varchar as note,                          -- remarks of the registry
    deal.document_id::varchar as document_id             -- document that says so
from deal
join pair on pair.traffic_partner = deal.traffic_partner and pair.supply_partner = deal.supply_partner
left join next on next.earlier_id = deal.partnership_id
left join figures on figures.partnership_id = deal.partnership_id
