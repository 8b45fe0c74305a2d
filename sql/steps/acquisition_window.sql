-- Spend and the change of buyers over the same window, side by side: the inputs of every acquisition cost.
-- The expense is the whole company's and pairs with every perimeter of the buyer count that was being printed then.
-- A window stands here when at least two of its three figures are known: spend, buyers at the start, buyers at the end;
-- of a platform without any such window every window with a buyer count stands here.
-- group: cost_steps
-- grain: platform, scope, period_start, period_end, months
with adds as materialized (
    select net_adds.* from steps.net_adds as net_adds
),
scope as (
    select
        adds.platform,
        adds.scope,
        min(adds.period_end) as first_end,
        max(adds.period_end) as last_end,
        min(adds.period_end) filter (where adds.known_on is not null) as first_dated_end,
        max(adds.period_end) filter (where adds.known_on is not null) as last_dated_end
    from adds
    group by adds.platform, adds.scope
),
spend_by_scope as (
    select
        spending.*,
        scope.scope,
        -- without the undated counts nobody would ask about this window
        coalesce(spending.period_end not between scope.first_dated_end and scope.last_dated_end, true) as is_undated,
        figure.value as buyers_start,
        figure.value_low as buyers_start_low,
        figure.value_high as buyers_start_high,
        figure.flags as buyers_start_flags,
        figure.consolidation as buyers_start_consolidation,
        figure.observation_id as buyers_start_id,
        figure.published_on as buyers_start_known_on
    from steps.spend_window as spending
    join scope on scope.platform = spending.platform and spending.period_end between scope.first_end and scope.last_end
    left join core.observation_latest as figure
        on
            figure.platform = spending.platform
            and figure.scope = scope.scope
            and figure.period_end = spending.period_start - 1
            and figure.metric = 'annual_active_buyers' and figure.unit = 'persons'
),
span as (
    select
        spend_by_scope.platform,
        spend_by_scope.scope,
        spend_by_scope.period_start,
        spend_by_scope.period_end,
        spend_by_scope.months
    from spend_by_scope
    union
    select
        adds.platform,
        adds.scope,
        adds.period_start,
        adds.period_end,
        adds.months
    from adds
),
paired as (
    select
        span.*,
        spend_by_scope.spend,
        spend_by_scope.spend_low,
        spend_by_scope.spend_high,
        spend_by_scope.currency,
        coalesce(adds.buyers_start, spend_by_scope.buyers_start) as buyers_start,
        coalesce(adds.buyers_start_low, spend_by_scope.buyers_start_low) as buyers_start_low,
        coalesce(adds.buyers_start_high, spend_by_scope.buyers_start_high) as buyers_start_high,
        adds.buyers_end as buyers_end,
        adds.buyers_end_low as buyers_end_low,
        adds.buyers_end_high as buyers_end_high,
        adds.validity as adds_validity,
        coalesce(adds.covered_on, spend_by_scope.covered_on) as covered_on,
        spend_by_scope.expense_nature,
        spend_by_scope.consolidation as spend_consolidation,
        coalesce(adds.consolidation, spend_by_scope.buyers_start_consolidation) as buyers_consolidation,
        coalesce(spend_by_scope.is_exact, true) and coalesce(adds.validity, '') <> 'bounds_only' as is_exact,
        all_flags(
            spend_by_scope.flags,
            coalesce(adds.flags, spend_by_scope.buyers_start_flags),
            if(adds.months is null and spend_by_scope.is_undated, ['undated_input'], [])
        ) as flags,
        list_concat(
            coalesce(spend_by_scope.input_observation_ids, []),
            coalesce(adds.input_observation_ids, present([spend_by_scope.buyers_start_id]))
        ) as inputs,
        known_on(
            day_if(spend_by_scope.spend is not null, spend_by_scope.known_on),
            day_if(adds.months is not null, adds.known_on),
            day_if(
                adds.months is null and spend_by_scope.buyers_start is not null, spend_by_scope.buyers_start_known_on
            )
        ) as known_on
    from span
    left join spend_by_scope
        on
            spend_by_scope.platform = span.platform
            and spend_by_scope.scope = span.scope
            and spend_by_scope.months = span.months
            and spend_by_scope.period_start = span.period_start and spend_by_scope.period_end = span.period_end
    left join adds
        on
            adds.platform = span.platform and adds.scope = span.scope and adds.months = span.months
            and adds.period_start = span.period_start and adds.period_end = span.period_end
)
select
    paired.platform::varchar as platform,                         -- platform slug
    paired.scope::varchar as scope,                               -- perimeter of the buyer count; '' is the whole
    paired.period_start::date as period_start,                    -- first day of the window
    paired.period_end::date as period_end,                        -- last day of the window
    paired.months::integer as months,                             -- length of the window, months
    paired.spend::decimal(28, 6) as spend,  -- sales and marketing expense, in currency; empty where not printed
    paired.spend_low::decimal(28, 6) as spend_low,                -- least the prints allow, in currency
    paired.spend_high::decimal(28, 6) as spend_high,              -- greatest the prints allow, in currency
    platform.reporting_currency::varchar as currency,             -- ISO 4217 code
    if(
        paired.spend is null or paired.buyers_consolidation is null,
        coalesce(paired.spend_consolidation, paired.buyers_consolidation),
        one_of(paired.spend_consolidation, paired.buyers_consolidation)
    )::varchar as consolidation,
    -- parts of the company that the figures cover, see core.consolidation; mixed where they differ
    paired.expense_nature::varchar as expense_nature,
    -- what the expense holds, see core.expense_line; empty where it is not printed
    paired.covered_on::date as covered_on,
    -- day of the first document of the company that covers the end of the window; empty where none did by known_on
    paired.buyers_start::decimal(28, 6) as buyers_start,  -- annual active buyers on the day before the window, persons
    paired.buyers_start_low::decimal(28, 6) as buyers_start_low,  -- least the print allows, persons
    paired.buyers_start_high::decimal(28, 6) as buyers_start_high,  -- greatest the print allows, persons
    paired.buyers_end::decimal(28, 6) as buyers_end,              -- annual active buyers on the last day, persons
    paired.buyers_end_low::decimal(28, 6) as buyers_end_low,      -- least the print allows, persons
    paired.buyers_end_high::decimal(28, 6) as buyers_end_high,    -- greatest the print allows, persons
    case
        when paired.adds_validity = 'definition_break' then 'definition_break'
        when paired.spend is null then 'missing_spend'
        when paired.buyers_start is null then 'missing_buyers_start'
        when paired.buyers_end is null then 'missing_buyers_end'
        when one_of(paired.spend_consolidation, paired.buyers_consolidation) = 'mixed' then 'consolidation_mismatch'
        when paired.expense_nature = 'mixed' then 'nature_mismatch'
        when not paired.is_exact then 'bounds_only'
    end::varchar as obstacle,  -- why no acquisition cost can be computed; empty when one can
    all_flags(
        paired.flags,
        present([
            if(paired.scope <> '', 'scope_mismatch', null),
            if(
                (paired.spend is null or paired.buyers_end is null) and paired.covered_on is not null,
                'not_transcribed',
                null
            )
        ]),
        -- a year that ends more than half a month off the month of the company's fiscal year end
        if(
            paired.months > 3 and month((paired.period_end - 15)::date) <> fiscal_month(platform.fiscal_year_end),
            ['fy_misaligned'],
            []
        )
    )::varchar[] as flags,                                        -- what a reader must know
    paired.inputs::varchar[] as input_observation_ids,            -- figures of the window
    paired.known_on::date as known_on  -- first day on which all of them were public; empty with an undated one
from (
    select
        paired.*,
        if(paired.spend is null, 0, 1) + if(paired.buyers_start is null, 0, 1) + if(paired.buyers_end is null, 0, 1)
            as known
    from paired
) as paired
join core.platform as platform on platform.platform = paired.platform
qualify paired.known >= 2 or max(paired.known) over (partition by paired.platform) < 2
