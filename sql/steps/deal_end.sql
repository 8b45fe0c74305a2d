-- What became of each deal and of each pair of partners: whether it ended, between which days, which document says so,
-- and whether the pair came back. The league and the claims take it from here and work out no end of their own.
-- A start or an end of which no document of that day or later tells is the day announced for it.
-- A document that itself makes a claim about the pair proves nothing about it. The announcement of a deal that ended is
-- no proof that it ran. A deal that ended, was resumed and ended again is two deals in the registry.
-- Days of deals are not versioned: the registry as it stands.
-- group: deals
-- grain: partnership_id
-- twin: no
with deal as (
    select
        partnership.*,
        coalesce(partnership.effective_on, partnership.announced_on) as started_on
    from core.partnership as partnership
),
said as (
    select
        deal.partnership_id,
        'ended' as event,
        deal.ended_on as earliest_on,
        deal.ended_on as latest_on,
        deal.document_id,
        true as is_the_deals_own
    from deal
    where deal.status = 'ended' or deal.ended_on is not null
    union all
    select
        event.partnership_id,
        event.event,
        event.earliest_on,
        event.latest_on,
        event.document_id,
        false
    from core.partnership_event as event
),
proof as (
    select said.*
    from said
    join deal on deal.partnership_id = said.partnership_id
    where not exists (
        select 1
        from core.claim as claim
        where
            claim.metric like 'partnership%'
            and claim.document_id = said.document_id
            and list_has_all(claim.subjects, [deal.traffic_partner, deal.supply_partner])
    )
),
known as (
    select
        proof.partnership_id,
        bool_or(proof.event = 'ended') as is_ended,
        max(proof.earliest_on) filter (where proof.event = 'ended') as ended_from,
        min(proof.latest_on) filter (where proof.event = 'ended') as ended_by,
        (
            list(proof.document_id order by proof.is_the_deals_own, proof.latest_on nulls last, proof.document_id)
            filter (where proof.event = 'ended')
        )[1] as end_document_id,
        bool_or(proof.event = 'resumed') as is_resumed,
        max(proof.earliest_on) filter (where proof.event = 'resumed') as resumed_from,
        min(proof.latest_on) filter (where proof.event = 'resumed') as resumed_by,
        max(proof.earliest_on) filter (where proof.event = 'running') as ran_from,
        min(proof.latest_on) filter (where proof.event = 'running') as ran_by
    from proof
    group by proof.partnership_id
),
next as (
    select
        earlier.partnership_id,
        link.relation,
        later.started_on,
        later.document_id,
        earlier.traffic_partner = later.traffic_partner
        and earlier.supply_partner = later.supply_partner as is_of_the_pair
    from deal as later
    cross join
        lateral (
            select
                unnest(later.predecessor_ids) as partnership_id,
                unnest(later.predecessor_relations) as relation
        ) as link
    join deal as earlier on earlier.partnership_id = link.partnership_id
),
after as (
    select
        next.partnership_id,
        min(next.started_on) filter (where next.relation <> 'extends') as back_on,
        bool_or(next.relation = 'renews' and next.is_of_the_pair) as is_renewed,
        bool_or(next.relation = 'resumes' and next.is_of_the_pair) as is_resumed,
        bool_or(next.relation = 'extends' and next.is_of_the_pair) as is_extended,
        bool_or(next.relation = 'extends') as is_extended_by_others
    from next
    group by next.partnership_id
),
word as (
    select
        told.partnership_id,
        max(coalesce(document.published_on, date 'infinity')) as last_told_on,
        max(coalesce(document.published_on, date 'infinity')) filter (where told.event = 'ended') as end_told_on
    from (
        select
            deal.partnership_id,
            'announced' as event,
            deal.document_id
        from deal
        union all
        select
            proof.partnership_id,
            proof.event,
            proof.document_id
        from proof
        union all
        select
            next.partnership_id,
            if(next.relation = 'extends', 'extended', 'ended'),
            next.document_id
        from next
    ) as told
    left join core.document as document on document.document_id = told.document_id
    group by told.partnership_id
),
bounded as (
    select
        deal.partnership_id,
        deal.traffic_partner,
        deal.supply_partner,
        deal.started_on,
        coalesce(known.is_ended, false) as is_ended,
        coalesce(known.is_ended and not known.is_resumed, false) as is_over,
        if(known.is_ended, greatest(known.ended_from, deal.started_on), null) as ended_from,
        if(known.is_ended, least(known.ended_by, after.back_on, known.resumed_by), null) as ended_by,
        known.end_document_id,
        coalesce(word.last_told_on < deal.effective_on, false) as is_start_announced,
        coalesce(word.end_told_on < known.ended_from, false) as is_end_announced,
        least(after.back_on, if(known.resumed_from = known.resumed_by, known.resumed_by, null)) as back_on,
        case
            when after.is_renewed then 'renewed'
            when after.is_resumed or known.is_resumed then 'resumed'
            when after.is_extended or after.is_extended_by_others and not coalesce(known.is_ended, false)
                then 'extended'
            when known.is_ended then 'parted'
            when deal.status = 'running' then 'running'
            else 'not_known'
        end as outcome,
        least(
            deal.announced_on,
            deal.started_on,
            known.ran_by,
            if(known.ended_from = known.ended_by, known.ended_by, null)
        ) as first_on,
        greatest(
            if(is_over, deal.effective_on, deal.started_on), known.ran_from, known.ended_from, known.resumed_from
        ) as last_on
    from deal
    left join known on known.partnership_id = deal.partnership_id
    left join after on after.partnership_id = deal.partnership_id
    left join word on word.partnership_id = deal.partnership_id
),
joined as (
    select
        bounded.*,
        not (bounded.is_ended and not bounded.is_over)
        and coalesce(
            bounded.started_on - 1 <= max(if(bounded.outcome = 'running', date 'infinity', bounded.ended_from)) over (
                partition by bounded.traffic_partner, bounded.supply_partner
                order by bounded.started_on nulls last, bounded.partnership_id
                rows between unbounded preceding and 1 preceding
            ),
            bounded.started_on is not null and row_number() over (
                partition by bounded.traffic_partner, bounded.supply_partner
                order by bounded.started_on nulls last, bounded.partnership_id
            ) = 1
        ) as is_joined
    from bounded
),
ending as (
    select
        bounded.traffic_partner,
        bounded.supply_partner,
        max(bounded.ended_from) filter (where bounded.is_over) as last_end,
        min(bounded.ended_by) filter (where bounded.outcome = 'parted') as first_parting
    from bounded
    group by bounded.traffic_partner, bounded.supply_partner
),
pair as (
    select
        joined.traffic_partner,
        joined.supply_partner,
        list(
            joined.partnership_id order by joined.started_on nulls last, joined.partnership_id
        ) as ids,
        min(joined.first_on) as first_on,
        max(joined.last_on) as last_on,
        bool_and(joined.is_joined) as is_unbroken,
        case
            when
                bool_or(joined.is_over)
                and bool_and(
                    joined.is_over
                    or joined.outcome <> 'running' and coalesce(joined.last_on < ending.last_end, false)
                )
                then 'parted'
            when
                bool_or(joined.outcome = 'resumed')
                or bool_or(not joined.is_over and joined.started_on >= ending.first_parting)
                then 'parted_and_back'
            when bool_or(joined.outcome = 'renewed') then 'renewed'
            when bool_or(joined.outcome = 'running') then 'running'
            else 'not_known'
        end as outcome
    from joined
    join ending using (traffic_partner, supply_partner)
    group by joined.traffic_partner, joined.supply_partner
)
select
    bounded.partnership_id::varchar as partnership_id,   -- identifier of the deal
    bounded.traffic_partner::varchar as traffic_partner,  -- party that has attention
    bounded.supply_partner::varchar as supply_partner,   -- party that has goods
    bounded.started_on::date as started_on,
    -- first day it was live, else the day of announcement; empty where neither is known
    bounded.is_ended::boolean as is_ended,
    -- whether a document says that it ended that does not itself make a claim about the pair
    bounded.is_over::boolean as is_over,  -- whether it ended and was not itself resumed; a later deal is another one
    if(bounded.ended_from = bounded.ended_by, bounded.ended_by, null)::date as ended_on,
    -- day it ended; empty where it did not or the day is unknown
    bounded.ended_from::date as ended_from,
    -- first day on which it can have ended, not before it began; empty where unknown or it is not known to have ended
    bounded.ended_by::date as ended_by,
    -- last day on which it can have ended, at the latest when it was renewed or resumed; empty likewise
    bounded.end_document_id::varchar as end_document_id,
    -- document that says that it ended; empty where it is not known to have ended
    bounded.is_start_announced::boolean as is_start_announced,
    -- whether every document of the deal is of a day before it was live: the day is the one announced for it
    bounded.is_end_announced::boolean as is_end_announced,
    -- whether every document of its end is of a day before ended_from: the day is the one announced for it
    bounded.back_on::date as back_on,  -- first day of what renews or resumes it; empty where nothing does or unknown
    bounded.outcome::varchar as outcome,                 -- what became of the deal, see deal_outcome of core.term
    pair.ids::varchar[] as pair_ids,  -- deals of the same two parties, earliest first, undated ones last
    pair.outcome::varchar as pair_outcome,               -- what became of the pair, see deal_outcome of core.term
    pair.first_on::date as pair_first_on,
    -- day by which the pair had a deal, announced or live; empty where no day is known
    pair.is_unbroken::boolean as is_pair_unbroken,
    -- whether documents show that each deal of the pair began by the day after another one still ran, and none paused
    if(pair.last_on < pair.first_on, null, pair.last_on)::date as pair_last_on
    -- the pair is known to have had a running deal on this day or later; its last day only where that end is known. A
    -- deal not known to have ended counts from its start, by announcement where no live day is known; the announcement
    -- of one that ended does not count. Empty where no such day is known
from bounded
join pair using (traffic_partner, supply_partner)
