-- The verdict on each part of each claim in one row: as known on the claim's own day where that can be said, else as
-- known now.
-- The readings nearest to the claim's words decide; where only another definition or a scenario would allow it, it
-- depends_on_definition.
-- What the same document's other claims amount to decides nothing.
-- grain: claim_id, part, subject
-- twin: no
-- contract: verdicts
with vintage as (
    select
        reading.claim_id,
        reading.part,
        reading.subject,
        reading.vintage,
        case
            when bool_or(reading.is_plain and reading.verdict = 'holds') then 'holds'
            when not bool_or(reading.is_plain and reading.verdict = 'does_not_hold') then 'not_checkable'
            when bool_or(reading.verdict = 'holds') then 'depends_on_definition'
            else 'does_not_hold'
        end as verdict
    from marts.claim_check as reading
    where reading.definition <> 'same_document'
    group by reading.claim_id, reading.part, reading.subject, reading.vintage
),
part as (
    select
        vintage.claim_id,
        vintage.part,
        vintage.subject,
        max(vintage.verdict) filter (where vintage.vintage = 'then') as then_verdict,
        max(vintage.verdict) filter (where vintage.vintage = 'now') as now_verdict,
        if(coalesce(then_verdict, 'not_checkable') = 'not_checkable', now_verdict, then_verdict) as verdict
    from vintage
    group by vintage.claim_id, vintage.part, vintage.subject
),
reading as (
    select
        reading.claim_id,
        reading.part,
        reading.subject,
        count(*) as tried,
        count(*) filter (where reading.verdict = 'holds') as holding,
        count(*) filter (where reading.verdict = 'does_not_hold') as failing,
        array_to_string(list_sort(
            list(
                distinct replace(reading.definition, '_', ' ')
                || coalesce(' for ' || nullif(concat_ws(' to ', reading.period_start, reading.period_end), ''), '')
            )
            filter (where reading.verdict = 'holds' and not reading.is_plain)
        ), ', ') as elsewhere
    from marts.claim_check as reading
    where reading.definition <> 'same_document'
    group by reading.claim_id, reading.part, reading.subject
),
lacking as (
    select
        reading.claim_id,
        reading.part,
        reading.subject,
        reading.vintage,
        array_to_string(list_sort(list_distinct(flatten(list(string_split(reading.missing, '; '))))), '; ') as missing
    from marts.claim_check as reading
    where reading.is_plain and reading.verdict = 'not_checkable'
    group by reading.claim_id, reading.part, reading.subject, reading.vintage
)
select
    part.claim_id::varchar as claim_id,            -- identifier of the claim
    part.part::varchar as part,                    -- part of the claim that is checked, see core.term
    part.subject::varchar as subject,              -- party it speaks of; both of a deal, separated by ;
    claim.statement::varchar as statement,         -- the claim in words
    claim.kind::varchar as kind,                   -- article, external_estimate, management_statement or press_estimate
    claim.published_on::date as claimed_on,
    -- day of its document; empty where it has no date: then only now can be asked
    part.verdict::varchar as verdict,              -- whether it holds, see core.term
    part.then_verdict::varchar as verdict_then,
    -- as known on the day of the claim; empty for an undated claim and for deals
    part.now_verdict::varchar as verdict_now,      -- as known now
    best.definition::varchar as definition,        -- definition of the reading to quote
    best.period_start::date as period_start,       -- first day of the period of that reading
    best.period_end::date as period_end,           -- last day of the period of that reading
    best.claimed::double as claimed,               -- value as claimed, in unit
    best.computed::double as computed,
    -- what the figures say in that reading, in unit; empty where only bounds or a reason are known
    best.computed_low::double as computed_low,     -- least the printed digits allow
    best.computed_high::double as computed_high,   -- greatest the printed digits allow
    best.unit::varchar as unit,                    -- unit of these values
    (
        best.reason
        || if(part.verdict = 'depends_on_definition', ' It would hold only as ' || reading.elsewhere || '.', '')
        || if(
            best.verdict = 'does_not_hold',
            coalesce(' Readings as near that cannot be checked lack: ' || lacking.missing || '.', ''),
            ''
        )
    )::varchar as reason,                          -- why, in one sentence, for that reading
    reading.tried::integer as readings_tried,      -- definitions, perimeters, periods and vintages tried
    reading.holding::integer as readings_holding,  -- those under which it holds; many tried and few holding is chance
    reading.failing::integer as readings_failing,  -- those under which it does not
    claim.document_id::varchar as document_id      -- document that makes the claim
from part
join reading on reading.claim_id = part.claim_id and reading.part = part.part and reading.subject = part.subject
join core.claim as claim on claim.claim_id = part.claim_id
join
    marts.claim_check as best
    on best.claim_id = part.claim_id and best.part = part.part and best.subject = part.subject and best.is_best
left join
    lacking
    on
        lacking.claim_id = part.claim_id
        and lacking.part = part.part
        and lacking.subject = part.subject
        and lacking.vintage = best.vintage
