-- What a platform spent on sales and marketing for each buyer it gained, by definition and window.
-- A scenario supposes that a share of the earlier buyers lapsed, and is no fact.
-- grain: platform, scope, definition, period_end
with ratio as (
    select
        w.*, d.definition, w.buyers_end - w.buyers_start as net_adds,
        w.buyers_end - (1 - d.lapse) * w.buyers_start as won,
        w.buyers_end_low - (1 - d.lapse) * w.buyers_start_high as won_low,
        w.buyers_end_high - (1 - d.lapse) * w.buyers_start_low as won_high
    from steps.acquisition_window as w
    join core.definition as d on d.months = w.months and d.based_on is null
),
judged as (
    select
        r.*,
        case
            when r.obstacle is not null then r.obstacle
            when r.won < 0 then 'net_loss_of_buyers'
            when r.won_low <= 0 then 'net_adds_within_rounding'
            when r.won - r.won_low <= 0.05 * r.won then 'ok'
            when r.won - r.won_low <= 0.20 * r.won then 'coarse'
            else 'uninformative'
        end as validity
    from ratio as r
),
bounded as (
    select
        j.*, v.has_number, v.has_bounds, j.validity <> 'definition_break' and j.validity <> 'bounds_only' as has_point
    from judged as j
    left join core.term as v on v.kind = 'validity' and v.term = j.validity
)
select
    b.platform::varchar          as platform,              -- platform slug
    b.scope::varchar             as scope,                 -- perimeter of the buyer count; '' is the whole
    b.definition::varchar        as definition,            -- which acquisition cost, see core.definition
    b.period_start::date         as period_start,          -- first day of the window
    b.period_end::date           as period_end,            -- last day of the window
    b.spend::decimal(28, 6)      as spend,                 -- sales and marketing expense of the window, in currency
    b.spend_low::decimal(28, 6)  as spend_low,             -- least the prints allow, in currency
    b.spend_high::decimal(28, 6) as spend_high,            -- greatest the prints allow, in currency
    if(b.has_point, b.net_adds, null)::decimal(28, 6) as net_adds, -- buyers gained less buyers lapsed, persons; empty across a break and where only bounds are known
    if(b.has_point, b.won, null)::decimal(28, 6) as buyers_won, -- denominator: net adds, or the buyers won under the loss scenario, persons
    if(b.validity = 'definition_break', null, b.won_low)::decimal(28, 6) as buyers_won_low, -- least the prints allow, persons
    if(b.validity = 'definition_break', null, b.won_high)::decimal(28, 6) as buyers_won_high, -- greatest the prints allow, persons
    if(b.has_number, b.spend::double / nullif(b.won::double, 0), null)::double as cac, -- currency per buyer; empty where validity is a null reason
    if(b.has_bounds and b.won_high > 0, b.spend_low::double / nullif(b.won_high::double, 0), null)::double as cac_low, -- least the prints allow, currency per buyer
    if(b.has_bounds and b.won_low > 0, b.spend_high::double / nullif(b.won_low::double, 0), null)::double as cac_high, -- greatest the prints allow, currency per buyer; empty when unbounded
    b.currency::varchar          as currency,              -- ISO 4217 code
    b.validity::varchar          as validity,              -- whether there is a number, or why not, see core.term
    list_sort(list_distinct(if(b.months = 3, list_append(b.flags, 'ttm_vs_quarter'), b.flags)))::varchar[] as flags, -- what a reader must know
    b.input_observation_ids::varchar[] as input_observation_ids, -- figures it is computed from
    b.known_on::date             as known_on               -- first day on which the row could have been computed; empty with an undated input
from bounded as b
