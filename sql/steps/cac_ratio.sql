-- What a platform spent on sales and marketing for each buyer it gained, by definition and window.
-- The loss scenarios (cac_gross_10, _20, _30) suppose that a share of last year's buyers lapsed; they are no facts.
-- grain: platform, scope, definition, period_end
with definition as (
    select d.* from (values
        ('cac_net_12m', 12, 0), ('cac_pooled_2y', 24, 0), ('cac_pooled_3y', 36, 0), ('cac_net_quarter', 3, 0),
        ('cac_gross_10', 12, 0.1), ('cac_gross_20', 12, 0.2), ('cac_gross_30', 12, 0.3)
    ) as d(definition, months, churn)
),
ratio as (
    select
        w.*, d.definition, w.buyers_end - w.buyers_start as net_adds,
        w.buyers_end - (1 - d.churn) * w.buyers_start as won,
        w.buyers_end_low - (1 - d.churn) * w.buyers_start_high as won_low,
        w.buyers_end_high - (1 - d.churn) * w.buyers_start_low as won_high
    from steps.acquisition_window as w
    join definition as d on d.months = w.months
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
        j.*, j.validity in ('ok', 'coarse', 'uninformative') as has_number,
        j.validity not in ('definition_break', 'bounds_only') as has_point,
        j.validity in ('ok', 'coarse', 'uninformative', 'bounds_only', 'net_adds_within_rounding') as has_bounds
    from judged as j
)
select
    b.platform::varchar          as platform,              -- platform slug
    b.scope::varchar             as scope,                 -- perimeter of the buyer count; '' is the whole
    b.definition::varchar        as definition,            -- cac_net_12m, cac_net_quarter, cac_pooled_2y, cac_pooled_3y, cac_gross_10, cac_gross_20 or cac_gross_30
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
    b.validity::varchar          as validity,              -- ok, coarse, uninformative, or why there is no number
    list_sort(list_distinct(if(b.months = 3, list_append(b.flags, 'ttm_vs_quarter'), b.flags)))::varchar[] as flags, -- what a reader must know
    b.input_observation_ids::varchar[] as input_observation_ids, -- figures it is computed from
    b.known_on::date             as known_on               -- first day on which the row could have been computed; empty with an undated input
from bounded as b
