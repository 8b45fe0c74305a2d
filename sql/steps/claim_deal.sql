-- Claims about partnerships against the register of deals: signed, ended, when, and whether it was the only pair.
-- That a deal was signed or ended holds where it was by the day claimed: an end that may lie after it decides nothing.
-- Whether and when a deal ended is told by steps.deal_end, as in the league. A deal that only the claim's own document
-- tells of is no proof. Days of deals are as known now: the register does not keep what was known before.
-- group: claim_steps
-- grain: claim_id, part, definition
-- twin: no
with claim as (
    select
        part.claim_id,
        part.part,
        part.subject,
        claim.document_id,
        claim.subjects[1] as one_party,
        claim.subjects[2] as other_party,
        replace(part.subject, ';', ' and ') as pair,
        if(bool_or(part.part = 'ended') over (partition by part.claim_id), 'ended', 'began') as what,
        if(length(claim.period_from) = 4, claim.period_from || '-01-01', claim.period_from)::date as since,
        if(length(claim.period_to) = 4, claim.period_to || '-12-31', claim.period_to)::date as until
    from steps.claim_part as part
    join core.claim as claim on claim.claim_id = part.claim_id
    where part.measure like 'partnership%'
),
deal as (
    select
        partnership.partnership_id,
        partnership.traffic_partner,
        partnership.supply_partner,
        partnership.document_id,
        least(partnership.traffic_partner, partnership.supply_partner)
        || ' and '
        || greatest(partnership.traffic_partner, partnership.supply_partner) as couple,
        least(partnership.announced_on, partnership.effective_on) as began_on,
        ending.is_ended,
        ending.is_over,
        ending.ended_from,
        ending.ended_by,
        ending.pair_outcome,
        ending.outcome in ('parted', 'resumed') as has_parted,
        has_parted
        or ending.pair_outcome <> 'parted' and ending.outcome not in ('renewed', 'extended') as may_have_parted,
        coalesce(
            nullif(
                concat_ws(
                    ' and ',
                    'was announced on ' || partnership.announced_on::varchar,
                    if(ending.is_start_announced, 'was to start on ', 'started on ')
                    || partnership.effective_on::varchar
                ),
                ''
            ),
            'started on an unknown day'
        ) as start_told,
        case
            when has_parted
                then
                    if(ending.is_end_announced, 'was to end ', 'ended ')
                    || coalesce(
                        'on ' || ending.ended_on::varchar,
                        format('between {} and {}', ending.ended_from, ending.ended_by),
                        'by ' || ending.ended_by::varchar,
                        'on an unknown day'
                    )
            when ending.outcome in ('renewed', 'extended') then 'was ' || ending.outcome
            when ending.outcome = 'running' then 'runs'
            else 'is not known to have ended'
        end as end_told
    from core.partnership as partnership
    join steps.deal_end as ending on ending.partnership_id = partnership.partnership_id
),
own as (
    select
        claim.*,
        deal.partnership_id,
        deal.pair_outcome,
        deal.has_parted,
        claim.what = 'began' or deal.may_have_parted as is_asked,
        case when claim.what = 'began' then deal.began_on when deal.has_parted then deal.ended_from end as earliest_on,
        case when claim.what = 'began' then deal.began_on when deal.has_parted then deal.ended_by end as latest_on,
        deal.partnership_id
        || ' '
        || if(claim.what = 'ended', deal.end_told, deal.start_told) as told
    from claim
    left join
        deal
        on
            claim.one_party in (deal.traffic_partner, deal.supply_partner)
            and claim.other_party in (deal.traffic_partner, deal.supply_partner)
            and (deal.document_id <> claim.document_id or claim.what = 'ended' and deal.is_ended)
    where claim.part <> 'only_pair'
),
event as (
    select
        own.claim_id,
        own.part,
        own.subject,
        'deal_' || own.what as definition,
        null as others_low,
        null as others_high,
        list(own.partnership_id order by own.latest_on, own.partnership_id) filter (
            where own.partnership_id is not null
        ) as deals,
        case
            when deals is null then 'not_checkable'
            when own.part = 'signed' then if(bool_and(own.earliest_on > own.until), 'does_not_hold', 'holds')
            when
                own.part = 'ended'
                and bool_or(own.has_parted and coalesce(own.latest_on <= own.until, own.until is null))
                then 'holds'
            when own.part = 'ended' and bool_and(own.pair_outcome = 'running') then 'does_not_hold'
            when
                own.part = 'ended'
                then
                    if(
                        bool_and(coalesce(own.earliest_on > own.until, false)) filter (where own.is_asked),
                        'does_not_hold',
                        'not_checkable'
                    )
            when bool_or(coalesce(own.earliest_on >= own.since, own.since is null) and own.latest_on <= own.until)
                then 'holds'
            when
                bool_and(coalesce(own.earliest_on > own.until or own.latest_on < own.since, false))
                filter (where own.is_asked)
                then 'does_not_hold'
            else 'not_checkable'
        end as verdict,
        case
            when deals is null then 'a document besides the claim''s own that tells of a deal of ' || own.pair
            when own.part = 'ended' and not bool_or(own.has_parted)
                then 'a document besides the claim''s own that says that a deal of ' || own.pair || ' ended'
            else format('the day on which a deal of {} {}', own.pair, own.what)
        end as lacking,
        'the register says that '
        || string_agg(own.told, ', ' order by own.latest_on, own.partnership_id) filter (
            where own.partnership_id is not null
        ) as told
    from own
    group by own.claim_id, own.part, own.subject, own.what, own.pair
),
other as (
    select
        claim.*,
        question.definition,
        question.words,
        deal.partnership_id,
        deal.couple,
        deal.began_on,
        question.definition = 'pairs_before' or deal.ended_from > claim.until as is_sure
    from claim
    cross join
        (
            values ('pairs_before', 'signed before'),
            ('pairs_not_known_to_have_ended', 'signed before and not known to have ended')
        ) as question (definition, words)
    left join deal
        on
            deal.began_on <= claim.until
            and deal.document_id <> claim.document_id
            and (
                question.definition = 'pairs_before'
                or not coalesce(deal.is_over and deal.ended_by <= claim.until, false)
            )
            and not (
                claim.one_party in (deal.traffic_partner, deal.supply_partner)
                and claim.other_party in (deal.traffic_partner, deal.supply_partner)
            )
    where claim.part = 'only_pair'
),
uniqueness as (
    select
        other.claim_id,
        other.part,
        other.subject,
        other.definition,
        count(distinct other.couple) filter (where other.is_sure) as others_low,
        count(distinct other.couple) as others_high,
        list(other.partnership_id order by other.began_on, other.partnership_id) filter (
            where other.partnership_id is not null
        ) as deals,
        case when others_low > 0 then 'does_not_hold' when others_high > 0 then 'not_checkable' else 'holds' end
            as verdict,
        'the days on which these deals ended' as lacking,
        format('by {} the register has {} other pairs {}', other.until, others_high, other.words)
        || coalesce(format(', in {} deals: {}', len(deals), array_to_string(deals, ', ')), '') as told
    from other
    group by other.claim_id, other.part, other.subject, other.until, other.definition, other.words
),
found as (
    select
        answer.*,
        if(answer.verdict = 'not_checkable', answer.lacking, null) as missing
    from (
        select event.* from event
        union all
        select uniqueness.* from uniqueness
    ) as answer
)
select
    found.claim_id::varchar as claim_id,                     -- identifier of the claim
    found.part::varchar as part,                             -- part of the claim that is checked, see core.term
    found.subject::varchar as subject,                       -- both parties, separated by ;
    found.definition::varchar as definition,                 -- what the register of deals is asked, see core.term
    found.verdict::varchar as verdict,                       -- whether it holds, see core.term
    found.others_low::double as computed_low,                -- other pairs for certain; empty where none are counted
    found.others_high::double as computed_high,              -- other pairs at most; empty where none are counted
    found.missing::varchar as missing,  -- day or document that is missing; empty where there is a verdict
    (
        concat_ws(
            '; ',
            'Missing: ' || found.missing,
            if(found.missing is null, upper(found.told[1]) || found.told[2:], found.told)
        )
        || '.'
    )::varchar as reason,                                    -- why, with the deals and their days
    coalesce(found.deals, [])::varchar[] as partnership_ids  -- deals it rests on
from found
