-- What each further buyer cost: change of spend over change of net adds, against the window before.
-- group: cost_steps
-- grain: platform, scope, definition, period_end
with cost as materialized (
    select cac_ratio.* replace (definition.definition as definition)
    from steps.cac_ratio as cac_ratio
    join core.definition as definition on definition.based_on = cac_ratio.definition
),
change as (
    select
        cost.*,
        previous.known_on as known_before,
        previous.flags as flags_before,
        previous.input_observation_ids as inputs_before,
        previous.platform is not null as has_before,
        cost.spend - previous.spend as spend_change,
        cost.spend_low - previous.spend_high as spend_change_low,
        cost.spend_high - previous.spend_low as spend_change_high,
        cost.net_adds - previous.net_adds as adds_change,
        cost.buyers_won_low - previous.buyers_won_high as adds_change_low,
        cost.buyers_won_high - previous.buyers_won_low as adds_change_high,
        previous.validity as validity_before,
        not previous.is_comparable as is_incomparable_before,
        one_of(cost.expense_nature, coalesce(previous.expense_nature, cost.expense_nature)) as natures,
        one_of(cost.consolidation, coalesce(previous.consolidation, cost.consolidation)) as consolidations
    from cost
    left join cost as previous
        on
            previous.platform = cost.platform
            and previous.scope = cost.scope
            and previous.definition = cost.definition
            and previous.period_end = cost.period_start - 1
    where cost.validity not like 'missing%' and coalesce(cost.is_comparable, true)
),
judged as (
    select
        change.*,
        case
            when change.validity = 'bounds_only' or change.validity_before = 'bounds_only' then 'bounds_only'
            when change.is_incomparable_before then change.validity_before
            when change.consolidations = 'mixed' then 'consolidation_mismatch'
            when change.natures = 'mixed' then 'nature_mismatch'
            when change.spend_change is null or change.adds_change is null then 'missing_previous_window'
            when
                change.spend_change_low <= 0 and change.spend_change_high >= 0
                or change.adds_change_low <= 0 and change.adds_change_high >= 0
                then 'change_within_rounding'
            when change.spend_change > 0 and change.adds_change < 0 then 'spend_up_adds_down'
            when change.spend_change < 0 and change.adds_change > 0 then 'spend_down_adds_up'
            else rounding_grade(change.adds_change - change.adds_change_low, abs(change.adds_change))
        end as judgement
    from change
),
figure as (
    select
        judged.*,
        term.has_number
    from judged
    left join core.term as term on term.kind = 'validity' and term.term = judged.judgement
)
select
    figure.platform::varchar as platform,                   -- platform slug
    figure.scope::varchar as scope,                         -- perimeter of the buyer count; '' is the whole
    figure.definition::varchar as definition,               -- which marginal cost, see core.definition
    figure.period_start::date as period_start,              -- first day of the later window
    figure.period_end::date as period_end,                  -- last day of the later window
    figure.spend_change::decimal(28, 6) as spend_change,    -- change of spend against the window before, in currency
    figure.adds_change::decimal(28, 6) as net_adds_change,  -- change of net adds against the window before, persons
    if(figure.has_number, ratio(figure.spend_change, figure.adds_change), null)::double as cac,
    -- currency per further buyer; empty where validity is a null reason
    if(
        figure.has_number,
        if(
            figure.spend_change > 0,
            ratio(figure.spend_change_low, figure.adds_change_high),
            ratio(figure.spend_change_high, figure.adds_change_low)
        ),
        null
    )::double as cac_low,                                   -- least the prints allow
    if(
        figure.has_number,
        if(
            figure.spend_change > 0,
            ratio(figure.spend_change_high, figure.adds_change_low),
            ratio(figure.spend_change_low, figure.adds_change_high)
        ),
        null
    )::double as cac_high,                                  -- greatest the prints allow
    figure.currency::varchar as currency,                   -- ISO 4217 code
    figure.natures::varchar as expense_nature,
    -- what the expense holds, see core.expense_line; mixed where that of the window before holds something else
    figure.consolidations::varchar as consolidation,
    -- parts of the company that the figures cover, see core.consolidation; mixed where the windows differ
    figure.judgement::varchar as validity,                  -- whether there is a number, or why not, see core.term
    all_flags(figure.flags, figure.flags_before)::varchar[] as flags,  -- what a reader must know
    followed_by(figure.inputs_before, figure.input_observation_ids)::varchar[] as input_observation_ids,
    -- figures it is computed from, those of the window before first
    known_on(figure.known_on, day_if(figure.has_before, figure.known_before))::date as known_on
    -- first day on which the row could have been computed
from figure
