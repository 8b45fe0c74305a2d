-- How long a deal lived and what became of it and of its pair; what is known of it and what is not.
-- Days of deals are not versioned: the registry as it stands.
-- grain: partnership_id
-- twin: no
with figures as (
    select
        near.partnership_id,
        count(*) filter (where near.position = 'before') as figures_before,
        count(*) filter (where near.position = 'after') as figures_after,
        list_sort(list(distinct near.platform)) as platforms
    from marts.partnership_window as near
    join core.partnership as deal
        on
            deal.partnership_id = near.partnership_id
            and coalesce(deal.effective_on, deal.announced_on) = near.event_on
    where near.side <> 'peer' and near.event = if(deal.effective_on is null, 'announced', 'effective')
    group by near.partnership_id
)
select
    deal.partnership_id::varchar as partnership_id,      -- identifier of the deal
    deal.traffic_partner::varchar as traffic_partner,    -- party that has attention
    deal.supply_partner::varchar as supply_partner,      -- party that has goods
    deal.kind::varchar as kind,  -- referral_link, in_app_store, direct_supply, investment or other
    deal.status::varchar as status,                      -- ended, running or unknown, as the row of the registry says
    ending.started_on::date as started_on,
    -- first day it was live, else the day of announcement; empty where neither is known
    ending.ended_on::date as ended_on,                   -- day it ended; empty where it did not or the day is unknown
    ending.ended_from::date as ended_from,
    -- first day on which it can have ended; empty where unknown or it is not known to have ended
    ending.ended_by::date as ended_by,                   -- last day on which it can have ended; empty likewise
    ending.end_document_id::varchar as end_document_id,
    -- document that says that it ended; empty where it is not known to have ended
    ending.is_start_announced::boolean as is_start_announced,
    -- whether every document of the deal is of a day before it was live: the day is the one announced for it
    ending.is_end_announced::boolean as is_end_announced,
    -- whether every document of its end is of a day before ended_from: the day is the one announced for it
    date_diff('day', ending.started_on, ending.ended_on)::integer as life_days,
    -- from started_on to ended_on, days; empty where one of them is unknown
    date_diff('day', ending.started_on, ending.ended_by)::integer as life_days_at_most,
    -- from started_on to ended_by, days
    ending.outcome::varchar as outcome,                  -- what became of the deal, see core.term
    date_diff('day', ending.ended_on, ending.back_on)::integer as days_until_back,
    -- from ended_on to the day it was renewed or resumed, days; empty where one of them is unknown
    deal.predecessor_ids::varchar[] as predecessor_ids,  -- deals that it follows
    deal.successor_ids::varchar[] as successor_ids,      -- deals that follow it
    len(ending.pair_ids)::integer as pair_deals,         -- deals of the same two parties
    ending.pair_ids::varchar[] as pair_ids,              -- those deals, earliest first, undated ones last
    ending.pair_outcome::varchar as pair_outcome,        -- what became of the pair, see core.term
    ending.pair_first_on::date as pair_first_on,
    -- day by which the pair had a deal, announced or live; empty where no day is known
    ending.pair_last_on::date as pair_last_on,
    -- the pair is known to have had a running deal on this day or later; its last day only where that end is known. The
    -- announcement of a deal that ended does not count; empty where no such day is known
    nullif(date_diff('day', ending.pair_first_on, ending.pair_last_on), 0)::integer as pair_span_days,
    -- between those two, days, interruptions included; empty where only one day is known
    ending.is_pair_unbroken::boolean as is_pair_unbroken,
    -- whether documents show that the pair had a deal all that time, each beginning by the day after another still ran
    coalesce(figures.figures_before, 0)::integer as figures_before,
    -- public figures of the partners in the window before it started
    coalesce(figures.figures_after, 0)::integer as figures_after,
    -- public figures of the partners in the window after it started
    concat_ws(
        '; ',
        'announced ' || deal.announced_on::varchar,
        if(ending.is_start_announced, 'announced to be live from ', 'live from ') || deal.effective_on::varchar,
        if(ending.is_end_announced, 'announced to end ', 'ended ')
        || coalesce(
            ending.ended_on::varchar,
            format('between {} and {}', ending.ended_from, ending.ended_by),
            'by ' || ending.ended_by::varchar
        ),
        if(ending.is_ended and not ending.is_over, 'resumed', null),
        'covers ' || deal.scope,
        'terms: ' || deal.terms,
        'figures of ' || array_to_string(figures.platforms, ' and ')
    )::varchar as known,                                 -- what is known, in words
    concat_ws(
        '; ',
        if(deal.announced_on is null, 'the day it was announced', null),
        if(deal.effective_on is null, 'the first day it was live', null),
        if(ending.is_start_announced, 'whether it was live from the day announced', null),
        if(ending.is_ended and ending.ended_on is null, 'the day it ended', null),
        if(ending.is_end_announced, 'whether it ended on the day announced', null),
        if(
            deal.status = 'ended' and not ending.is_ended,
            'whether it ended: no document says so but one that makes a claim about the pair',
            null
        ),
        if(deal.status = 'unknown' or ending.is_ended and not ending.is_over, 'whether it still runs', null),
        if(deal.terms is null, 'its terms', null), if(ending.started_on is null, 'any before and after', null),
        if(
            ending.started_on is not null
            and coalesce(figures.figures_before, 0) * coalesce(figures.figures_after, 0) = 0,
            'figures on both sides of its start',
            null
        ),
        'what it alone brought: nobody prints it'
    )::varchar as not_known,                             -- what cannot be known from the data, in words
    deal.note::varchar as note,                          -- remarks of the registry
    deal.document_id::varchar as document_id             -- document of the deal
from core.partnership as deal
join steps.deal_end as ending on ending.partnership_id = deal.partnership_id
left join figures on figures.partnership_id = deal.partnership_id
