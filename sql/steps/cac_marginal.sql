-- What each further buyer cost: change of spend over change of net adds, against the window before.
-- grain: platform, scope, definition, period_end
with cost as materialized (
    select r.* replace (d.definition as definition)
    from steps.cac_ratio as r
    join core.definition as d on d.based_on = r.definition
),
change as (
    select
        t.*, z.known_on as known_before, z.flags as flags_before, z.input_observation_ids as inputs_before, z.platform is not null as has_before,
        t.spend - z.spend as ds, t.spend_low - z.spend_high as ds_low, t.spend_high - z.spend_low as ds_high,
        t.net_adds - z.net_adds as da, t.buyers_won_low - z.buyers_won_high as da_low, t.buyers_won_high - z.buyers_won_low as da_high,
        z.validity as validity_before
    from cost as t
    left join cost as z
        on z.platform = t.platform and z.scope = t.scope and z.definition = t.definition and z.period_end = t.period_start - 1
    where t.validity not like 'missing%' and t.validity <> 'definition_break'
),
judged as (
    select
        c.*,
        case
            when c.validity = 'bounds_only' or c.validity_before = 'bounds_only' then 'bounds_only'
            when c.validity_before = 'definition_break' then 'definition_break'
            when c.ds is null or c.da is null then 'missing_previous_window'
            when c.ds_low <= 0 and c.ds_high >= 0 or c.da_low <= 0 and c.da_high >= 0 then 'change_within_rounding'
            when c.ds > 0 and c.da < 0 then 'spend_up_adds_down'
            when c.ds < 0 and c.da > 0 then 'spend_down_adds_up'
            when c.da - c.da_low <= 0.05 * abs(c.da) then 'ok'
            when c.da - c.da_low <= 0.20 * abs(c.da) then 'coarse'
            else 'uninformative'
        end as judgement
    from change as c
),
figure as (
    select j.*, v.has_number
    from judged as j
    left join core.term as v on v.kind = 'validity' and v.term = j.judgement
)
select
    f.platform::varchar      as platform,          -- platform slug
    f.scope::varchar         as scope,             -- perimeter of the buyer count; '' is the whole
    f.definition::varchar    as definition,        -- which marginal cost, see core.definition
    f.period_start::date     as period_start,      -- first day of the later window
    f.period_end::date       as period_end,        -- last day of the later window
    f.ds::decimal(28, 6)     as spend_change,      -- change of spend against the window before, in currency
    f.da::decimal(28, 6)     as net_adds_change,   -- change of net adds against the window before, persons
    if(f.has_number, f.ds::double / nullif(f.da::double, 0), null)::double as cac, -- currency per further buyer; empty where validity is a null reason
    if(f.has_number, if(f.ds > 0, f.ds_low::double / nullif(f.da_high::double, 0), f.ds_high::double / nullif(f.da_low::double, 0)), null)::double as cac_low, -- least the prints allow
    if(f.has_number, if(f.ds > 0, f.ds_high::double / nullif(f.da_low::double, 0), f.ds_low::double / nullif(f.da_high::double, 0)), null)::double as cac_high, -- greatest the prints allow
    f.currency::varchar      as currency,          -- ISO 4217 code
    f.judgement::varchar     as validity,          -- whether there is a number, or why not, see core.term
    list_sort(list_distinct(list_concat(f.flags, coalesce(f.flags_before, []))))::varchar[] as flags, -- what a reader must know
    list_concat(f.inputs_before, list_filter(f.input_observation_ids, lambda x: not coalesce(list_contains(f.inputs_before, x), false)))::varchar[] as input_observation_ids, -- figures it is computed from, those of the window before first
    if(f.has_before and f.known_before is null or f.known_on is null, null, greatest(f.known_on, f.known_before))::date as known_on -- first day on which the row could have been computed
from figure as f
