-- Why an acquisition cost changed against the window a year earlier: how much from spend, how much from buyers won, as
-- factors and in logarithms.
-- cac_factor = spend_factor / net_adds_factor and log_change = spend_part + net_adds_part, exactly. Pooled windows
-- overlap those of the year before and are left out.
-- grain: platform, scope, definition, period_end
with cost as (
    select
        cac_ratio.*,
        term.is_ranked as is_valid
    from steps.cac_ratio as cac_ratio
    join core.definition as definition on definition.definition = cac_ratio.definition and definition.months <= 12
    left join core.term as term on term.kind = 'validity' and term.term = cac_ratio.validity
),
pair as (
    select
        cost.*,
        previous.cac as previous_cac,
        previous.spend as previous_spend,
        previous.buyers_won as previous_won,
        previous.period_end as previous_end,
        previous.input_observation_ids as previous_inputs,
        previous.flags as previous_flags,
        previous.known_on as previous_known_on,
        cost.is_valid,
        previous.is_valid as previous_valid,
        coalesce(one_of(previous.consolidation, cost.consolidation), '') <> 'mixed'
        and coalesce(one_of(previous.expense_nature, cost.expense_nature), '') <> 'mixed' as is_alike,
        ln(if(previous.is_valid, cost.spend::double / previous.spend::double, null)) as spend_part,
        ln(if(previous.is_valid, cost.spend_low::double / previous.spend_high::double, null)) as spend_low_part,
        ln(if(previous.is_valid, cost.spend_high::double / previous.spend_low::double, null)) as spend_high_part,
        ln(if(previous.is_valid, previous.buyers_won::double / cost.buyers_won::double, null)) as adds_part,
        ln(if(previous.is_valid, previous.buyers_won_low::double / cost.buyers_won_high::double, null))
            as adds_low_part,
        ln(if(previous.is_valid, previous.buyers_won_high::double / cost.buyers_won_low::double, null))
            as adds_high_part,
        case
            when cost.validity = 'uninformative' then 'uninformative'
            when previous.validity is null then 'missing_previous_window'
            when not previous.is_valid then previous.validity
            when one_of(previous.consolidation, cost.consolidation) = 'mixed' then 'consolidation_mismatch'
            when one_of(previous.expense_nature, cost.expense_nature) = 'mixed' then 'nature_mismatch'
            when cost.validity = 'coarse' or previous.validity = 'coarse' then 'coarse'
            else 'ok'
        end as judgement
    from cost
    left join cost as previous
        on
            previous.platform = cost.platform and previous.scope = cost.scope and previous.definition = cost.definition
            and is_same_end(previous.period_end, months_before(cost.period_end, 12))
    where cost.cac is not null
),
part as (
    select
        pair.*,
        pair.is_valid and pair.previous_valid and pair.is_alike as has_number,
        pair.spend_part + pair.adds_part as log_change,
        pair.spend_low_part + pair.adds_low_part as low,
        pair.spend_high_part + pair.adds_high_part as high
    from pair
),
told as (
    select
        part.*,
        part.has_number and (part.low > 0 or part.high < 0) as has_share
    from part
)
select
    row_id(told.platform, told.scope, told.definition, told.period_end)::varchar
        as row_id,                            -- identifier of the row, the same as in marts.cac_trend
    told.platform::varchar as platform,       -- platform slug
    told.scope::varchar as scope,             -- perimeter of the buyer count; '' is the whole
    told.definition::varchar as definition,   -- which acquisition cost, see core.definition
    told.previous_end::date as previous_period_end,
    -- last day of the window compared with, a year earlier; empty where there is none
    told.period_end::date as period_end,      -- last day of the window
    told.previous_cac::double as cac_before,  -- acquisition cost a year earlier, in currency per buyer
    told.cac::double as cac_after,            -- acquisition cost of the window, in currency per buyer
    told.currency::varchar as currency,       -- ISO 4217 code
    if(told.has_number, exp(told.log_change), null)::double as cac_factor,  -- cac_after over cac_before
    if(told.has_number, exp(told.low), null)::double as cac_factor_low,  -- least the prints allow
    if(told.has_number, exp(told.high), null)::double as cac_factor_high,  -- greatest the prints allow
    if(told.has_number, exp(told.spend_part), null)::double as spend_factor,  -- spend over that of a year earlier
    if(told.has_number, exp(told.spend_low_part), null)::double as spend_factor_low,  -- least the prints allow
    if(told.has_number, exp(told.spend_high_part), null)::double as spend_factor_high,  -- greatest the prints allow
    if(told.has_number, exp(-told.adds_part), null)::double as net_adds_factor,
    -- buyers won over those of a year earlier
    if(told.has_number, exp(-told.adds_high_part), null)::double as net_adds_factor_low,  -- least the prints allow
    if(told.has_number, exp(-told.adds_low_part), null)::double as net_adds_factor_high,  -- greatest the prints allow
    if(told.has_number, told.log_change, null)::double as log_change,  -- natural logarithm of cac_after / cac_before
    if(told.has_number, told.low, null)::double as log_change_low,  -- least the prints allow
    if(told.has_number, told.high, null)::double as log_change_high,  -- greatest the prints allow
    if(told.has_number, told.spend_part, null)::double as spend_part,
    -- part of log_change from spend: above zero when spend rose
    if(told.has_number, told.spend_low_part, null)::double as spend_part_low,  -- least the prints allow
    if(told.has_number, told.spend_high_part, null)::double as spend_part_high,  -- greatest the prints allow
    if(told.has_number, told.adds_part, null)::double as net_adds_part,
    -- part of log_change from buyers won: above zero when fewer were won
    if(told.has_number, told.adds_low_part, null)::double as net_adds_part_low,  -- least the prints allow
    if(told.has_number, told.adds_high_part, null)::double as net_adds_part_high,  -- greatest the prints allow
    if(told.has_share, told.spend_part / told.log_change, null)::double as spend_share,
    -- spend_part over log_change; below 0 or above 1 when the parts oppose; empty where the change is within rounding
    if(told.has_share, told.adds_part / told.log_change, null)::double as net_adds_share,
    -- net_adds_part over log_change; the two shares sum to 1
    if(told.has_number, if(
        abs(told.spend_part) >= abs(told.adds_part), if(told.spend_part > 0, 'spend_rose', 'spend_fell'),
        if(told.adds_part > 0, 'net_adds_fell', 'net_adds_rose')
    ), null)::varchar as larger_part,         -- the part that moved the cost more, see core.term
    told.judgement::varchar as validity,
    -- whether there is a number, or why not, see core.term; of the window before if its own cost is sound
    all_flags(told.flags, told.previous_flags)::varchar[] as flags,  -- what a reader must know
    followed_by(told.previous_inputs, told.input_observation_ids)::varchar[] as input_observation_ids,
    -- figures of both windows
    known_on(told.known_on, day_if(told.previous_end is not null, told.previous_known_on))::date as known_on
    -- first day on which the row could have been computed; empty with an undated input
from told
