-- The verdict on each part of each claim in one row: as known on the claim's own day where that can be said, else as known now.
-- The readings nearest to the claim's words decide; where only another definition or a scenario would allow it, it depends_on_definition.
-- What the same document's other claims amount to decides nothing.
-- grain: claim_id, part, subject
-- twin: no
-- contract: verdicts
with vintage as (
    select
        k.claim_id, k.part, k.subject, k.vintage, case
            when bool_or(k.is_plain and k.verdict = 'holds') then 'holds'
            when not bool_or(k.is_plain and k.verdict = 'does_not_hold') then 'not_checkable'
            when bool_or(k.verdict = 'holds') then 'depends_on_definition'
            else 'does_not_hold'
        end as verdict
    from marts.claim_check as k
    where k.definition <> 'same_document'
    group by k.claim_id, k.part, k.subject, k.vintage
),
part as (
    select
        v.claim_id, v.part, v.subject, max(v.verdict) filter (where v.vintage = 'then') as then_verdict,
        max(v.verdict) filter (where v.vintage = 'now') as now_verdict,
        if(coalesce(then_verdict, 'not_checkable') = 'not_checkable', now_verdict, then_verdict) as verdict
    from vintage as v
    group by v.claim_id, v.part, v.subject
),
reading as (
    select
        k.claim_id, k.part, k.subject, count(*) as tried, count(*) filter (where k.verdict = 'holds') as holding,
        count(*) filter (where k.verdict = 'does_not_hold') as failing,
        array_to_string(list_sort(list(distinct replace(k.definition, '_', ' ') || coalesce(' for ' || nullif(concat_ws(' to ', k.period_start, k.period_end), ''), ''))
            filter (where k.verdict = 'holds' and not k.is_plain)), ', ') as elsewhere
    from marts.claim_check as k
    where k.definition <> 'same_document'
    group by k.claim_id, k.part, k.subject
),
lacking as (
    select k.claim_id, k.part, k.subject, k.vintage, array_to_string(list_sort(list_distinct(flatten(list(string_split(k.missing, '; '))))), '; ') as missing
    from marts.claim_check as k
    where k.is_plain and k.verdict = 'not_checkable'
    group by k.claim_id, k.part, k.subject, k.vintage
)
select
    p.claim_id::varchar         as claim_id,        -- identifier of the claim
    p.part::varchar             as part,            -- part of the claim that is checked, see core.term
    p.subject::varchar          as subject,         -- party it speaks of; both of a deal, separated by ;
    c.statement::varchar        as statement,       -- the claim in words
    c.kind::varchar             as kind,            -- article, external_estimate, management_statement or press_estimate
    c.published_on::date        as claimed_on,      -- day of its document; empty where it has no date: then only now can be asked
    p.verdict::varchar          as verdict,         -- whether it holds, see core.term
    p.then_verdict::varchar     as verdict_then,    -- as known on the day of the claim; empty for an undated claim and for deals
    p.now_verdict::varchar      as verdict_now,     -- as known now
    b.definition::varchar       as definition,      -- definition of the reading to quote
    b.period_start::date        as period_start,    -- first day of the period of that reading
    b.period_end::date          as period_end,      -- last day of the period of that reading
    b.claimed::double           as claimed,         -- value as claimed, in unit
    b.computed::double          as computed,        -- what the figures say in that reading, in unit; empty where only bounds or a reason are known
    b.computed_low::double      as computed_low,    -- least the printed digits allow
    b.computed_high::double     as computed_high,   -- greatest the printed digits allow
    b.unit::varchar             as unit,            -- unit of these values
    (b.reason || if(p.verdict = 'depends_on_definition', ' It would hold only as ' || r.elsewhere || '.', '')
        || if(b.verdict = 'does_not_hold', coalesce(' Readings as near that cannot be checked lack: ' || l.missing || '.', ''), ''))::varchar as reason, -- why, in one sentence, for that reading
    r.tried::integer            as readings_tried,  -- definitions, perimeters, periods and vintages tried
    r.holding::integer          as readings_holding, -- those under which it holds; many tried and few holding is chance
    r.failing::integer          as readings_failing, -- those under which it does not
    c.document_id::varchar      as document_id      -- document that makes the claim
from part as p
join reading as r on r.claim_id = p.claim_id and r.part = p.part and r.subject = p.subject
join core.claim as c on c.claim_id = p.claim_id
join marts.claim_check as b on b.claim_id = p.claim_id and b.part = p.part and b.subject = p.subject and b.is_best
left join lacking as l on l.claim_id = p.claim_id and l.part = p.part and l.subject = p.subject and l.vintage = b.vintage
