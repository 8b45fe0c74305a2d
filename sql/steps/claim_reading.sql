-- What the figures say about a part of a claim about numbers: one row for each vintage, definition, perimeter and period that could be meant.
-- A definition other than the nearest stands here only where it gives a number.
-- grain: claim_id, part, subject, vintage, definition, scope, unit, period_start, period_end, base_period_start, base_period_end
-- twin: no
with pair as (
    select
        t.*, z.period as z_period, z.period_start as z_start, z.period_end as z_end, z.value as z_value, z.low as z_low, z.high as z_high,
        z.flags as z_flags, z.input_observation_ids as z_inputs, z.is_plain as z_plain, z.missing as z_missing, z.validity as z_validity,
        z.scope as z_scope, z.unit as z_unit, if(t.part = 'multiple', 1, 100) as scale, if(t.part = 'multiple', 0, 1) as less,
        t.missing is null and z.missing is null as has_both
    from steps.claim_side as t
    join steps.claim_side as z
        on z.claim_id = t.claim_id and z.part = t.part and z.subject = t.subject and z.vintage = t.vintage and z.definition = t.definition
        and z.side = 'from' and t.side = 'to' and t.period_end > z.period_end
        and case z.period when 'year_earlier' then t.period_end - z.period_end < 380 when 'quarter_before' then t.period_end - z.period_end < 100 else true end
        and (z.unit = t.unit and z.scope = t.scope or z.validity = 'nothing_printed' or t.validity = 'nothing_printed')
    where has_both or t.is_plain and z.is_plain and (
        z.period = t.period or z.period in ('year_earlier', 'quarter_before') or z.period = 'calendar_year' and t.period = 'year_before')
),
level as (
    select
        s.claim_id, s.part, s.subject, s.vintage, s.definition, s.scope, s.unit, s.period, s.period_start, s.period_end, null::date as base_start,
        null::date as base_end, s.is_plain, if(c.is_change, null, s.value) as value, if(c.is_change, null, s.low) as low, if(c.is_change, null, s.high) as high, if(c.is_change and s.missing is null, 'missing_base', s.validity) as validity,
        if(c.is_change, coalesce(s.missing, 'the period that it is compared with'), s.missing) as missing, s.flags, s.input_observation_ids as inputs
    from steps.claim_side as s
    cross join lateral (select s.part in ('multiple', 'growth', 'direction') as is_change) as c
    anti join pair as p using (claim_id, part, subject, vintage)
),
reading as (
    select l.* from level as l
    union all
    select
        p.claim_id, p.part, p.subject, p.vintage, p.definition, if(p.validity = 'nothing_printed', p.z_scope, p.scope),
        coalesce(p.unit, p.z_unit), if(p.z_period = p.period, p.period, p.z_period || ' to ' || p.period), p.period_start, p.period_end,
        p.z_start, p.z_end, p.is_plain and p.z_plain,
        if(p.has_both, p.scale * (p.value / nullif(p.z_value, 0) - p.less), null), if(p.has_both, p.scale * (p.low / nullif(p.z_high, 0) - p.less), null),
        if(p.has_both, p.scale * (p.high / nullif(p.z_low, 0) - p.less), null),
        case
            when not p.has_both then if(p.missing is null, p.z_validity, p.validity)
            when coalesce(p.low, 1) <= 0 or coalesce(p.z_low, 1) <= 0 then 'not_positive'
            when 'bounds_only' in (p.validity, p.z_validity) then 'bounds_only'
            when 'coarse' in (p.validity, p.z_validity) then 'coarse' else 'ok'
        end,
        nullif(concat_ws('; ', p.z_missing, p.missing), ''), list_sort(list_distinct(list_concat(coalesce(p.z_flags, []), coalesce(p.flags, [])))),
        list_concat(coalesce(p.z_inputs, []), coalesce(p.input_observation_ids, []))
    from pair as p
    union all
    select
        p.claim_id, p.part, p.subject, 'now', 'same_document', '', null, 'as_stated', null, null, null, null, false,
        o.claimed, o.claimed_low, o.claimed_high, 'ok', null, [], []
    from steps.claim_part as p
    join core.claim as c on c.claim_id = p.claim_id
    join core.claim as e on e.document_id = c.document_id and e.claim_id <> c.claim_id
    join steps.claim_part as o
        on o.claim_id = e.claim_id and o.part = p.part and o.subject = p.subject and o.measure = p.measure and o.claimed is not null
    where p.part = 'multiple'
)
select
    r.claim_id::varchar    as claim_id,     -- identifier of the claim
    r.part::varchar        as part,         -- part of the claim
    r.subject::varchar     as subject,      -- party it speaks of
    r.vintage::varchar     as vintage,      -- then (as known on the day of the claim) or now
    r.definition::varchar  as definition,   -- which acquisition cost, see core.definition, or another reading, see core.term
    r.scope::varchar       as scope,        -- perimeter; '' is the whole
    r.unit::varchar        as unit,         -- unit of the figures; empty where nothing is known
    r.period::varchar      as period,       -- how the claim's period was read; empty where it names none
    r.period_start::date   as period_start, -- first day of the figure's period
    r.period_end::date     as period_end,   -- last day of the figure's period
    r.base_start::date     as base_period_start, -- first day of the period it is compared with; empty where nothing is
    r.base_end::date       as base_period_end, -- last day of the period it is compared with
    r.is_plain::boolean    as is_plain,     -- whether definition and period are the nearest to the claim's words
    r.value::double        as computed,     -- what the figures say; times for a multiple, percent for a change
    r.low::double          as computed_low, -- least the printed digits allow; empty when open
    r.high::double         as computed_high, -- greatest the printed digits allow; empty when open
    r.validity::varchar    as validity,     -- whether there is a number, or why not, see core.term
    r.missing::varchar     as missing,      -- figure that would be needed; empty where a number is known
    r.flags::varchar[]     as flags,        -- what a reader must know
    r.inputs::varchar[]    as input_observation_ids -- figures it is computed from
from reading as r
