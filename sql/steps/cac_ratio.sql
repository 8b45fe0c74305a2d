-- What a platform spent on sales and marketing for each buyer it gained, by definition and window.
-- A scenario supposes that a share of the earlier buyers lapsed, and is no fact.
-- group: cost_steps
-- grain: platform, scope, definition, period_end
with ratio as (
    select
        acquired.*,
        definition.definition,
        acquired.buyers_end - acquired.buyers_start as net_adds,
        buyers_won(definition.shape, definition.lapse, acquired.buyers_start, acquired.buyers_end) as won,
        buyers_won(
            definition.shape,
            definition.lapse,
            acquired.buyers_start_high,
            acquired.buyers_end_low
        ) as won_low,
        buyers_won(
            definition.shape,
            definition.lapse,
            acquired.buyers_start_low,
            acquired.buyers_end_high
        ) as won_high
    from steps.acquisition_window as acquired
    join core.definition as definition on definition.months = acquired.months and definition.based_on is null
),
judged as (
    select
        ratio.*,
        case
            when ratio.obstacle is not null then ratio.obstacle
            when ratio.won < 0 then 'net_loss_of_buyers'
            when ratio.won_low <= 0 then 'net_adds_within_rounding'
            else rounding_grade(ratio.won - ratio.won_low, ratio.won)
        end as validity
    from ratio
),
bounded as (
    select
        judged.*,
        term.has_number,
        term.has_bounds,
        term.is_comparable,
        term.is_comparable and judged.validity <> 'bounds_only' as has_point
    from judged
    left join core.term as term on term.kind = 'validity' and term.term = judged.validity
)
select
    bounded.platform::varchar as platform,             -- platform slug
    bounded.scope::varchar as scope,                   -- perimeter of the buyer count; '' is the whole
    bounded.definition::varchar as definition,         -- which acquisition cost, see core.definition
    bounded.period_start::date as period_start,        -- first day of the window
    bounded.period_end::date as period_end,            -- last day of the window
    bounded.spend::decimal(28, 6) as spend,            -- sales and marketing expense of the window, in currency
    bounded.spend_low::decimal(28, 6) as spend_low,    -- least the prints allow, in currency
    bounded.spend_high::decimal(28, 6) as spend_high,  -- greatest the prints allow, in currency
    if(bounded.has_point, bounded.net_adds, null)::decimal(28, 6) as net_adds,
    -- buyers gained less buyers lapsed, persons; empty across a break and where only bounds are known
    if(bounded.has_point, bounded.won, null)::decimal(28, 6) as buyers_won,
    -- denominator: net adds, or the buyers won under the loss scenario, persons
    if(bounded.is_comparable, bounded.won_low, null)::decimal(28, 6) as buyers_won_low,
    -- least the prints allow, persons
    if(bounded.is_comparable, bounded.won_high, null)::decimal(28, 6) as buyers_won_high,
    -- greatest the prints allow, persons
    if(bounded.has_number, ratio(bounded.spend, bounded.won), null)::double as cac,
    -- currency per buyer; empty where validity is a null reason
    if(
        bounded.has_bounds and bounded.won_high > 0,
        ratio(bounded.spend_low, bounded.won_high),
        null
    )::double as cac_low,                              -- least the prints allow, currency per buyer
    if(
        bounded.has_bounds and bounded.won_low > 0,
        ratio(bounded.spend_high, bounded.won_low),
        null
    )::double as cac_high,  -- greatest the prints allow, currency per buyer; empty when unbounded
    bounded.currency::varchar as currency,             -- ISO 4217 code
    bounded.expense_nature::varchar as expense_nature,
    -- what the expense holds, see core.expense_line; empty where it is not printed
    bounded.consolidation::varchar as consolidation,
    -- parts of the company that the figures cover, see core.consolidation; mixed where they differ
    bounded.is_comparable::boolean as is_comparable,   -- whether its figures speak of the same thing, see core.term
    bounded.validity::varchar as validity,             -- whether there is a number, or why not, see core.term
    all_flags(bounded.flags, if(bounded.months = 3, ['ttm_vs_quarter'], []))::varchar[] as flags,
    -- what a reader must know
    bounded.input_observation_ids::varchar[] as input_observation_ids,  -- figures it is computed from
    bounded.known_on::date as known_on
    -- first day on which the row could have been computed; empty with an undated input
from bounded
