-- Why an acquisition cost changed against the window a year earlier: how much from spend, how much from buyers won, in logarithms.
-- log_change = spend_part + net_adds_part, exactly. Pooled windows overlap those of the year before and are left out.
-- grain: platform, scope, definition, period_end
with cost as (
    select r.*, v.is_ranked as is_valid
    from steps.cac_ratio as r
    join core.definition as d on d.definition = r.definition and d.months <= 12
    left join core.term as v on v.kind = 'validity' and v.term = r.validity
),
pair as (
    select
        t.*, z.cac as z_cac, z.spend as z_spend, z.buyers_won as z_won, z.period_end as z_end,
        z.input_observation_ids as z_inputs, z.flags as z_flags, z.known_on as z_known_on,
        t.is_valid, z.is_valid as z_valid,
        ln(if(z.is_valid, t.spend::double / z.spend::double, null)) as spend_part,
        ln(if(z.is_valid, t.spend_low::double / z.spend_high::double, null)) as spend_low_part,
        ln(if(z.is_valid, t.spend_high::double / z.spend_low::double, null)) as spend_high_part,
        ln(if(z.is_valid, z.buyers_won::double / t.buyers_won::double, null)) as adds_part,
        ln(if(z.is_valid, z.buyers_won_low::double / t.buyers_won_high::double, null)) as adds_low_part,
        ln(if(z.is_valid, z.buyers_won_high::double / t.buyers_won_low::double, null)) as adds_high_part,
        case
            when t.validity = 'uninformative' then 'uninformative'
            when z.validity is null then 'missing_previous_window'
            when not z.is_valid then z.validity
            when t.validity = 'coarse' or z.validity = 'coarse' then 'coarse'
            else 'ok'
        end as judgement
    from cost as t
    left join cost as z
        on z.platform = t.platform and z.scope = t.scope and z.definition = t.definition
        and abs(z.period_end - ((t.period_end + 1 - interval 1 year)::date - 1)) <= 7
    where t.cac is not null
),
part as (
    select p.*, p.is_valid and p.z_valid as has_number, p.spend_part + p.adds_part as log_change,
        p.spend_low_part + p.adds_low_part as low, p.spend_high_part + p.adds_high_part as high
    from pair as p
),
told as (
    select p.*, p.has_number and (p.low > 0 or p.high < 0) as has_share from part as p
)
select
    concat_ws('/', t.platform, if(t.scope = '', 'whole', t.scope), t.definition, t.period_end)::varchar as row_id, -- identifier of the row, the same as in marts.cac_trend
    t.platform::varchar      as platform,            -- platform slug
    t.scope::varchar         as scope,               -- perimeter of the buyer count; '' is the whole
    t.definition::varchar    as definition,          -- which acquisition cost, see core.definition
    t.z_end::date            as previous_period_end, -- last day of the window compared with, a year earlier; empty where there is none
    t.period_end::date       as period_end,          -- last day of the window
    t.z_cac::double          as cac_before,          -- acquisition cost a year earlier, in currency per buyer
    t.cac::double            as cac_after,           -- acquisition cost of the window, in currency per buyer
    t.currency::varchar      as currency,            -- ISO 4217 code
    if(t.has_number, t.log_change, null)::double      as log_change,         -- natural logarithm of cac_after / cac_before
    if(t.has_number, t.low, null)::double             as log_change_low,     -- least the prints allow
    if(t.has_number, t.high, null)::double            as log_change_high,    -- greatest the prints allow
    if(t.has_number, t.spend_part, null)::double      as spend_part,         -- part of log_change from spend: above zero when spend rose
    if(t.has_number, t.spend_low_part, null)::double  as spend_part_low,     -- least the prints allow
    if(t.has_number, t.spend_high_part, null)::double as spend_part_high,    -- greatest the prints allow
    if(t.has_number, t.adds_part, null)::double       as net_adds_part,      -- part of log_change from buyers won: above zero when fewer were won
    if(t.has_number, t.adds_low_part, null)::double   as net_adds_part_low,  -- least the prints allow
    if(t.has_number, t.adds_high_part, null)::double  as net_adds_part_high, -- greatest the prints allow
    if(t.has_share, t.spend_part / t.log_change, null)::double as spend_share, -- spend_part over log_change; below 0 or above 1 when the parts oppose; empty where the change is within rounding
    if(t.has_share, t.adds_part / t.log_change, null)::double as net_adds_share, -- net_adds_part over log_change; the two shares sum to 1
    if(t.has_number, if(abs(t.spend_part) >= abs(t.adds_part), if(t.spend_part > 0, 'spend_rose', 'spend_fell'),
        if(t.adds_part > 0, 'net_adds_fell', 'net_adds_rose')), null)::varchar as larger_part, -- the part that moved the cost more, see core.term
    t.judgement::varchar     as validity,            -- whether there is a number, or why not, see core.term; of the window before if its own cost is sound
    list_sort(list_distinct(list_concat(t.flags, coalesce(t.z_flags, []))))::varchar[] as flags, -- what a reader must know
    list_concat(t.z_inputs, list_filter(t.input_observation_ids, lambda x: not coalesce(list_contains(t.z_inputs, x), false)))::varchar[] as input_observation_ids, -- figures of both windows
    if(t.z_end is not null and t.z_known_on is null or t.known_on is null, null, greatest(t.known_on, t.z_known_on))::date as known_on -- first day on which the row could have been computed; empty with an undated input
from told as t
