-- How long a deal lived and what became of it and of its pair; what is known of it and what is not.
-- Days of deals are not versioned: the registry as it stands.
-- grain: partnership_id
-- twin: no
with deal as (
    select p.*, coalesce(p.effective_on, p.announced_on) as started_on
    from core.partnership as p
),
step as (
    select l.earlier_id, l.relation, d.partnership_id as later_id, d.started_on as later_on
    from deal as d
    cross join lateral (select unnest(d.predecessor_ids) as earlier_id, unnest(d.predecessor_relations) as relation) as l
),
next as (
    select
        s.earlier_id, min(s.later_on) filter (where s.relation <> 'extends') as back_on, min(s.later_on) filter (where s.relation = 'renews') as renewed_on,
        case when bool_or(s.relation = 'renews') then 'renewed' when bool_or(s.relation = 'resumes') then 'resumed' else 'extended' end as outcome
    from step as s
    group by s.earlier_id
),
pair as (
    select
        d.traffic_partner, d.supply_partner, count(*) as deals, list(d.partnership_id order by d.started_on nulls last, d.partnership_id) as ids,
        least(min(d.announced_on), min(d.started_on), min(d.ended_on)) as first_on, greatest(max(d.started_on), max(d.announced_on), max(d.ended_on)) as last_on,
        case
            when bool_and(d.status = 'ended') then 'parted'
            when bool_or(list_contains(d.predecessor_relations, 'resumes')) then 'parted_and_back'
            when bool_or(list_contains(d.predecessor_relations, 'renews')) then 'renewed'
            when bool_or(d.status = 'running') then 'running'
            else 'not_known'
        end as outcome
    from deal as d
    group by all
),
figures as (
    select
        w.partnership_id, count(*) filter (where w.position = 'before') as figures_before,
        count(*) filter (where w.position = 'after') as figures_after, list_sort(list(distinct w.platform)) as platforms
    from marts.partnership_window as w
    join deal as d on d.partnership_id = w.partnership_id and d.started_on = w.event_on
    where w.side <> 'peer' and w.event = if(d.effective_on is null, 'announced', 'effective')
    group by w.partnership_id
)
select
    d.partnership_id::varchar         as partnership_id,   -- identifier of the deal
    d.traffic_partner::varchar        as traffic_partner,  -- party that has attention
    d.supply_partner::varchar         as supply_partner,   -- party that has goods
    d.kind::varchar                   as kind,             -- referral_link, in_app_store, direct_supply, investment or other
    d.status::varchar                 as status,           -- ended, running or unknown, as the registry's sources say
    d.started_on::date                as started_on,       -- first day it was live, else the day of announcement; empty where neither is known
    d.ended_on::date                  as ended_on,         -- day it ended; empty where it runs or the day is unknown
    coalesce(d.ended_on, if(d.status = 'ended', n.renewed_on, null))::date as ended_by, -- day by which it had ended: its own, else when its renewal began
    date_diff('day', d.started_on, d.ended_on)::integer as life_days, -- from started_on to ended_on, days; empty where one of them is unknown
    date_diff('day', d.started_on, coalesce(d.ended_on, if(d.status = 'ended', n.renewed_on, null)))::integer as life_days_at_most, -- from started_on to ended_by, days
    coalesce(n.outcome, if(d.status = 'ended', 'parted', if(d.status = 'running', 'running', 'not_known')))::varchar as outcome, -- what became of the deal, see core.term
    date_diff('day', d.ended_on, n.back_on)::integer as days_until_back, -- from ended_on to the deal that renews or resumes it, days
    d.predecessor_ids::varchar[]      as predecessor_ids,  -- deals that it follows
    d.successor_ids::varchar[]        as successor_ids,    -- deals that follow it
    p.deals::integer                  as pair_deals,       -- deals of the same two parties
    p.ids::varchar[]                  as pair_ids,         -- those deals, earliest first, undated ones last
    p.outcome::varchar                as pair_outcome,     -- what became of the pair, see core.term
    p.first_on::date                  as pair_first_on,    -- first day known of the pair
    p.last_on::date                   as pair_last_on,     -- last day known of the pair, not its end unless it parted
    nullif(date_diff('day', p.first_on, p.last_on), 0)::integer as pair_span_days, -- between those two, days, interruptions included; empty where only one day is known
    coalesce(f.figures_before, 0)::integer as figures_before, -- public figures of the partners in the window before it started
    coalesce(f.figures_after, 0)::integer as figures_after, -- public figures of the partners in the window after it started
    concat_ws('; ', 'announced ' || d.announced_on::varchar, 'live from ' || d.effective_on::varchar, 'ended ' || d.ended_on::varchar,
        'covers ' || d.scope, 'terms: ' || d.terms, 'figures of ' || array_to_string(f.platforms, ' and '))::varchar as known, -- what is known, in words
    concat_ws('; ', if(d.announced_on is null, 'the day it was announced', null), if(d.effective_on is null, 'the first day it was live', null),
        if(d.status = 'ended' and d.ended_on is null, 'the day it ended', null), if(d.status = 'unknown', 'whether it still runs', null),
        if(d.terms is null, 'its terms', null), if(d.started_on is null, 'any before and after', null),
        if(d.started_on is not null and coalesce(f.figures_before, 0) * coalesce(f.figures_after, 0) = 0, 'figures on both sides of its start', null),
        'what it alone brought: nobody prints it')::varchar as not_known, -- what cannot be known from the data, in words
    d.note::varchar                   as note,             -- remarks of the registry
    d.document_id::varchar            as document_id       -- document that says so
from deal as d
join pair as p on p.traffic_partner = d.traffic_partner and p.supply_partner = d.supply_partner
left join next as n on n.earlier_id = d.partnership_id
left join figures as f on f.partnership_id = d.partnership_id
