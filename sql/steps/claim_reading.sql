-- What the figures say about a part of a claim about numbers: one row for each vintage, definition, perimeter and
-- period that could be meant.
-- A definition other than the nearest stands here only where it gives a number.
-- group: claim_steps
-- grain: claim_id, part, subject, vintage, definition, scope, unit, period_start, period_end, base_period_start,
-- base_period_end
-- twin: no
with pair as (
    select
        side.*,
        base.period as base_period,
        base.period_start as base_start,
        base.period_end as base_end,
        base.value as base_value,
        base.low as base_low,
        base.high as base_high,
        base.flags as base_flags,
        base.input_observation_ids as base_inputs,
        base.is_plain as base_plain,
        base.missing as base_missing,
        base.validity as base_validity,
        base.scope as base_scope,
        base.unit as base_unit,
        if(side.part = 'multiple', 1, 100) as scale,
        if(side.part = 'multiple', 0, 1) as less,
        side.missing is null and base.missing is null as has_both,
        coalesce(one_of(base.consolidation, side.consolidation), '') = 'mixed' as is_mixed,
        coalesce(one_of(base.expense_nature, side.expense_nature), '') = 'mixed' as is_other_nature
    from steps.claim_side as side
    join steps.claim_side as base
        on
            base.claim_id = side.claim_id
            and base.part = side.part
            and base.subject = side.subject
            and base.vintage = side.vintage
            and base.definition = side.definition
            and base.side = 'from' and side.side = 'to' and side.period_end > base.period_end
            and case base.period
                when 'year_earlier' then side.period_end - base.period_end < 380
                when 'quarter_before' then side.period_end - base.period_end < 100
                else true
            end
            and (
                base.unit = side.unit and base.scope = side.scope
                or base.validity = 'nothing_printed'
                or side.validity = 'nothing_printed'
            )
    where has_both or side.is_plain and base.is_plain and (
        base.period = side.period
        or base.period in ('year_earlier', 'quarter_before')
        or base.period = 'calendar_year' and side.period = 'year_before'
    )
),
level as (
    select
        side.claim_id,
        side.part,
        side.subject,
        side.vintage,
        side.definition,
        side.scope,
        side.unit,
        side.period,
        side.period_start,
        side.period_end,
        null::date as base_start,
        null::date as base_end,
        side.is_plain,
        if(form.is_change, null, side.value) as value,
        if(form.is_change, null, side.low) as low,
        if(form.is_change, null, side.high) as high,
        if(form.is_change and side.missing is null, 'missing_base', side.validity) as validity,
        if(form.is_change, coalesce(side.missing, 'the period that it is compared with'), side.missing) as missing,
        side.flags,
        side.input_observation_ids as inputs
    from steps.claim_side as side
    cross join lateral (select side.part in ('multiple', 'growth', 'direction') as is_change) as form
    anti join pair using (claim_id, part, subject, vintage)
),
reading as (
    select level.* from level
    union all
    select
        pair.claim_id,
        pair.part,
        pair.subject,
        pair.vintage,
        pair.definition,
        if(pair.validity = 'nothing_printed', pair.base_scope, pair.scope),
        coalesce(pair.unit, pair.base_unit),
        if(pair.base_period = pair.period, pair.period, pair.base_period || ' to ' || pair.period),
        pair.period_start,
        pair.period_end,
        pair.base_start,
        pair.base_end,
        pair.is_plain and pair.base_plain,
        if(pair.is_whole, pair.scale * (pair.value / nullif(pair.base_value, 0) - pair.less), null),
        if(pair.is_whole, pair.scale * (pair.low / nullif(pair.base_high, 0) - pair.less), null),
        if(pair.is_whole, pair.scale * (pair.high / nullif(pair.base_low, 0) - pair.less), null),
        case
            when not pair.has_both then if(pair.missing is null, pair.base_validity, pair.validity)
            when pair.is_mixed then 'consolidation_mismatch'
            when pair.is_other_nature then 'nature_mismatch'
            when coalesce(pair.low, 1) <= 0 or coalesce(pair.base_low, 1) <= 0 then 'not_positive'
            when 'bounds_only' in (pair.validity, pair.base_validity) then 'bounds_only'
            when 'coarse' in (pair.validity, pair.base_validity) then 'coarse'
            else 'ok'
        end,
        nullif(
            concat_ws(
                '; ',
                pair.base_missing,
                pair.missing,
                if(pair.has_both and not pair.is_whole, 'both figures for the same parts of the company', null)
            ),
            ''
        ),
        all_flags(pair.base_flags, pair.flags),
        list_concat(coalesce(pair.base_inputs, []), coalesce(pair.input_observation_ids, []))
    from (
        select
            pair.*,
            pair.has_both and not pair.is_mixed and not pair.is_other_nature as is_whole
        from pair
    ) as pair
    union all
    select
        part.claim_id,
        part.part,
        part.subject,
        'now',
        'same_document',
        '',
        null,
        'as_stated',
        null,
        null,
        null,
        null,
        false,
        sibling_part.claimed,
        sibling_part.claimed_low,
        sibling_part.claimed_high,
        'ok',
        null,
        [],
        []
    from steps.claim_part as part
    join core.claim as claim on claim.claim_id = part.claim_id
    join core.claim as sibling on sibling.document_id = claim.document_id and sibling.claim_id <> claim.claim_id
    join steps.claim_part as sibling_part
        on
            sibling_part.claim_id = sibling.claim_id
            and sibling_part.part = part.part
            and sibling_part.subject = part.subject
            and sibling_part.measure = part.measure
            and sibling_part.claimed is not null
    where part.part = 'multiple'
)
select
    reading.claim_id::varchar as claim_id,              -- identifier of the claim
    reading.part::varchar as part,                      -- part of the claim
    reading.subject::varchar as subject,                -- party it speaks of
    reading.vintage::varchar as vintage,                -- then (as known on the day of the claim) or now
    reading.definition::varchar as definition,
    -- which acquisition cost, see core.definition, or another reading, see core.term
    reading.scope::varchar as scope,                    -- perimeter; '' is the whole
    reading.unit::varchar as unit,                      -- unit of the figures; empty where nothing is known
    reading.period::varchar as period,                  -- how the claim's period was read; empty where it names none
    reading.period_start::date as period_start,         -- first day of the figure's period
    reading.period_end::date as period_end,             -- last day of the figure's period
    reading.base_start::date as base_period_start,
    -- first day of the period it is compared with; empty where nothing is
    reading.base_end::date as base_period_end,          -- last day of the period it is compared with
    reading.is_plain::boolean as is_plain,  -- whether definition and period are the nearest to the claim's words
    reading.value::double as computed,  -- what the figures say; times for a multiple, percent for a change
    reading.low::double as computed_low,                -- least the printed digits allow; empty when open
    reading.high::double as computed_high,              -- greatest the printed digits allow; empty when open
    reading.validity::varchar as validity,              -- whether there is a number, or why not, see core.term
    reading.missing::varchar as missing,                -- figure that would be needed; empty where a number is known
    reading.flags::varchar[] as flags,                  -- what a reader must know
    reading.inputs::varchar[] as input_observation_ids  -- figures it is computed from
from reading
