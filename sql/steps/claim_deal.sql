-- Claims about partnerships against the register of deals: signed, ended, when, and whether it was the only pair.
-- Days of deals are as known now: the register does not keep what was known before. A deal that only the claim's own document tells of is no proof.
-- grain: claim_id, part, definition
-- twin: no
with claim as (
    select
        p.claim_id, p.part, p.subject, c.document_id, c.subjects[1] as a, c.subjects[2] as b, replace(p.subject, ';', ' and ') as pair,
        if(bool_or(p.part = 'ended') over (partition by p.claim_id), 'ended', 'began') as what,
        if(length(c.period_from) = 4, c.period_from || '-01-01', c.period_from)::date as since, if(length(c.period_to) = 4, c.period_to || '-12-31', c.period_to)::date as until
    from steps.claim_part as p
    join core.claim as c on c.claim_id = p.claim_id
    where p.measure like 'partnership%'
),
deal as (
    select d.*, least(d.traffic_partner, d.supply_partner) || ' and ' || greatest(d.traffic_partner, d.supply_partner) as couple,
        least(d.announced_on, d.effective_on) as began_on
    from core.partnership as d
),
own as (
    select c.*, d.partnership_id, d.status, if(c.what = 'ended', d.ended_on, d.began_on) as happened_on,
        format('{} {}', d.partnership_id, if(c.what = 'ended' and d.status <> 'ended', 'is not known to have ended', coalesce(c.what || ' on ' || happened_on, c.what || ' on an unknown day'))) as told
    from claim as c
    left join deal as d on c.a in (d.traffic_partner, d.supply_partner) and c.b in (d.traffic_partner, d.supply_partner) and d.document_id <> c.document_id
    where c.part <> 'only_pair'
),
event as (
    select
        o.claim_id, o.part, o.subject, 'deal_' || o.what as definition, null as others_low, null as others_high,
        list(o.partnership_id order by o.happened_on, o.partnership_id) filter (where o.partnership_id is not null) as deals,
        case
            when deals is null then 'not_checkable'
            when o.part = 'signed' then if(bool_and(o.happened_on > o.until), 'does_not_hold', 'holds')
            when o.part = 'ended' then if(bool_or(o.status = 'ended'), 'holds', 'not_checkable')
            when bool_or(o.happened_on between coalesce(o.since, o.happened_on) and o.until) then 'holds'
            when bool_and(o.happened_on is not null) then 'does_not_hold' else 'not_checkable'
        end as verdict,
        if(deals is null, 'a document besides the claim''s own that tells of a deal of ' || o.pair, format('the day on which a deal of {} {}', o.pair, o.what)) as lacking,
        'the register says that ' || string_agg(o.told, ', ' order by o.happened_on, o.partnership_id) filter (where o.partnership_id is not null) as told
    from own as o
    group by o.claim_id, o.part, o.subject, o.what, o.pair
),
other as (
    select c.*, n.definition, n.words, d.partnership_id, d.couple, d.began_on, n.definition = 'pairs_before' or d.ended_on > c.until as is_sure
    from claim as c
    cross join (values ('pairs_before', 'signed before'), ('pairs_not_known_to_have_ended', 'signed before and not known to have ended')) as n(definition, words)
    left join deal as d
        on d.began_on <= c.until and d.document_id <> c.document_id and (n.definition = 'pairs_before' or coalesce(d.ended_on > c.until, true))
        and not (c.a in (d.traffic_partner, d.supply_partner) and c.b in (d.traffic_partner, d.supply_partner))
    where c.part = 'only_pair'
),
uniqueness as (
    select
        o.claim_id, o.part, o.subject, o.definition, count(distinct o.couple) filter (where o.is_sure) as others_low, count(distinct o.couple) as others_high,
        list(o.partnership_id order by o.began_on, o.partnership_id) filter (where o.partnership_id is not null) as deals,
        case when others_low > 0 then 'does_not_hold' when others_high > 0 then 'not_checkable' else 'holds' end as verdict,
        'the days on which these deals ended' as lacking,
        format('by {} the register has {} other pairs {}', o.until, others_high, o.words) || coalesce(': ' || array_to_string(deals, ', '), '') as told
    from other as o
    group by o.claim_id, o.part, o.subject, o.until, o.definition, o.words
),
found as (
    select e.*, if(e.verdict = 'not_checkable', e.lacking, null) as missing
    from (select v.* from event as v union all select u.* from uniqueness as u) as e
)
select
    f.claim_id::varchar         as claim_id,        -- identifier of the claim
    f.part::varchar             as part,            -- part of the claim that is checked, see core.term
    f.subject::varchar          as subject,         -- both parties, separated by ;
    f.definition::varchar       as definition,      -- what the register of deals is asked, see core.term
    f.verdict::varchar          as verdict,         -- whether it holds, see core.term
    f.others_low::double        as computed_low,    -- other pairs for certain; empty where none are counted
    f.others_high::double       as computed_high,   -- other pairs at most; empty where none are counted
    f.missing::varchar          as missing,         -- day or document that is missing; empty where there is a verdict
    (concat_ws('; ', 'Missing: ' || f.missing, if(f.missing is null, upper(f.told[1]) || f.told[2:], f.told)) || '.')::varchar as reason, -- why, with the deals and their days
    coalesce(f.deals, [])::varchar[] as partnership_ids -- deals it rests on
from found as f
