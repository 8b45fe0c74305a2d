-- Whether each part of each claim holds, for every definition, perimeter and period that could be meant, as known on
-- its own day and now.
-- A part holds where what the claim's words allow and what the printed digits allow overlap. The days of deals are as
-- known now.
-- grain: claim_id, part, subject, vintage, definition, scope, unit, period_start, period_end, base_period_start,
-- base_period_end
-- twin: no
-- contract: verdicts
with judged as (
    select
        reading.*,
        part.claimed,
        part.claimed_low,
        part.claimed_high,
        part.tolerance,
        part.unit as claimed_unit,
        if(reading.vintage = 'then', claim.published_on, null) as as_known_on,
        coalesce(party.name, reading.subject) as name,
        [] as partnership_ids,
        case
            when
                not coalesce(term.is_checkable, false)
                or coalesce(reading.computed_low, reading.computed_high, part.claimed_low, part.claimed_high) is null
                then 'not_checkable'
            when
                are_apart(reading.computed_low, reading.computed_high, part.claimed_low, part.claimed_high)
                then 'does_not_hold'
            when
                reading.computed_low is null and part.claimed_low is not null
                or reading.computed_high is null and part.claimed_high is not null
                then 'not_checkable'
            when
                reading.part = 'direction' and reading.computed_low < 0 and reading.computed_high > 0
                or coalesce(part.claimed_low, part.claimed_high) is null
                then 'not_checkable'
            else 'holds'
        end as verdict
    from steps.claim_reading as reading
    join core.claim as claim on claim.claim_id = reading.claim_id
    join
        steps.claim_part as part
        on part.claim_id = reading.claim_id and part.part = reading.part and part.subject = reading.subject
    left join core.party as party on party.party = reading.subject
    left join core.term as term on term.kind = 'validity' and term.term = reading.validity
),
numbered as (
    select
        judged.*,
        list_transform(
            [judged.claimed_low, judged.claimed_high, judged.computed_low, judged.computed_high, judged.computed],
            lambda number: regexp_replace(case
                when abs(number) >= 1e9 then format('{:.3f} billion', number / 1e9)
                when abs(number) >= 1e6 then format('{:.3f} million', number / 1e6)
                else format('{:.3f}', number)
            end, '\.?0+( |$)', '\1')
        ) as numbers
    from judged
),
worded as (
    select
        numbered.*,
        if(numbered.vintage = 'now', 'as known now', 'as known on ' || numbered.as_known_on)
        || if(
            numbered.missing is null and list_contains(numbered.flags, 'undated_input'),
            ' (from a document without a date)',
            ''
        ) as known,
        case
            when numbered.numbers[1] is null then 'at most ' || numbered.numbers[2]
            when numbered.numbers[2] is null then 'at least ' || numbered.numbers[1]
            else numbered.numbers[1] || ' to ' || numbered.numbers[2]
        end as allowed,
        case
            when numbered.numbers[3] is null then 'at most ' || numbered.numbers[4]
            when numbered.numbers[4] is null then 'at least ' || numbered.numbers[3]
            else numbered.numbers[3] || ' to ' || numbered.numbers[4]
        end as span,
        replace(replace(numbered.definition, '_', ' '), 'cac ', 'acquisition cost ')
        || ' of '
        || numbered.name
        || if(numbered.scope = '', '', ' (' || numbered.scope || ')')
        || coalesce(' for ' || nullif(concat_ws(' to ', numbered.period_start, numbered.period_end), ''), '')
        || coalesce(format(' against {} to {}', numbered.base_period_start, numbered.base_period_end), '') as what,
        coalesce(numbered.numbers[5] || ' (' || span || ')', span)
        || ' '
        || replace(numbered.claimed_unit, '_', ' ') as found
    from numbered
),
checked as (
    select
        worded.*,
        case
            when worded.verdict <> 'not_checkable'
                then
                    format(
                        '{} is {} {}; the claim allows {}, so it {}.',
                        upper(worded.what[1]) || worded.what[2:],
                        worded.found,
                        worded.known,
                        worded.allowed,
                        if(worded.verdict = 'holds', 'holds', 'does not hold')
                    )
            when worded.missing is not null then format('Missing {}: {}.', worded.known, worded.missing)
            else
                format(
                    '{} is {} {}, which decides nothing: a finer figure is missing.',
                    upper(worded.what[1]) || worded.what[2:],
                    worded.found,
                    worded.known
                )
        end as reason
    from worded
    union all by name
    select
        deal.*,
        'now' as vintage,
        '' as scope,
        deal.definition <> 'pairs_not_known_to_have_ended' as is_plain,
        [] as flags,
        [] as input_observation_ids
    from steps.claim_deal as deal
)
select
    checked.claim_id::varchar as claim_id,                 -- identifier of the claim
    checked.part::varchar as part,                         -- part of the claim that is checked, see core.term
    checked.subject::varchar as subject,                   -- party it speaks of; both of a deal, separated by ;
    checked.verdict::varchar as verdict,                   -- whether it holds, see core.term
    checked.definition::varchar as definition,
    -- what it was held against: an acquisition cost of core.definition, or a claim_reading of core.term
    checked.vintage::varchar as vintage,
    -- then (as known on the day of the claim) or now; an undated claim has only now
    checked.as_known_on::date as as_known_on,              -- day of that knowledge; empty for now
    checked.claimed::double as claimed,  -- value as claimed, in unit; empty for a range, a direction and a deal
    checked.claimed_low::double as claimed_low,            -- least that the claim's words allow; empty when open
    checked.claimed_high::double as claimed_high,          -- greatest that the claim's words allow; empty when open
    checked.tolerance::varchar as tolerance,
    -- how far the claim's words reach, see core.term; empty for a direction, a deal and a multiple of two such
    checked.computed::double as computed,
    -- what the figures say, in unit; empty where only bounds or a reason are known
    checked.computed_low::double as computed_low,
    -- least the printed digits allow, or other pairs for certain; empty when open
    checked.computed_high::double as computed_high,
    -- greatest the printed digits allow, or other pairs at most; empty when open
    checked.claimed_unit::varchar as unit,                 -- unit of these values
    checked.period::varchar as period,                     -- how the claim's period was read; empty where it names none
    checked.period_start::date as period_start,            -- first day of the period
    checked.period_end::date as period_end,                -- last day of the period
    checked.base_period_start::date as base_period_start,
    -- first day of the period it is compared with; empty where nothing is
    checked.base_period_end::date as base_period_end,      -- last day of the period it is compared with
    checked.scope::varchar as scope,                       -- perimeter of the figures; '' is the whole
    checked.is_plain::boolean as is_plain,
    -- whether definition and period are the nearest to the claim's words; scenarios and pooled years are not
    (row_number() over (
        partition by
            checked.claim_id, checked.part, checked.subject order by
            checked.is_plain desc,
            checked.verdict = 'not_checkable',
            checked.verdict = 'does_not_hold',
            checked.vintage = 'now',
            coalesce(abs(checked.computed - checked.claimed), 0),
            checked.period_end desc,
            checked.base_period_end desc,
            checked.definition,
            checked.scope,
            checked.unit
    ) = 1)::boolean as is_best,
    -- the reading to quote: nearest to the words, then one under which it holds, then as known on its day
    checked.missing::varchar as missing,  -- figure, day or document that is missing; empty where something can be said
    checked.reason::varchar as reason,                     -- why, in one sentence
    list_sort(checked.flags)::varchar[] as flags,          -- what a reader must know of the figures
    checked.input_observation_ids::varchar[] as input_observation_ids,  -- figures it rests on, see core.observation
    checked.partnership_ids::varchar[] as partnership_ids  -- deals it rests on, see core.partnership
from checked
