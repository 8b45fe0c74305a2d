-- What a platform spent on sales and marketing over the windows of core.definition, in its reporting currency.
-- A year is printed, else it follows from printed parts (derived_input), else it is the sum of four quarters
-- (summed_quarters); what could be dated goes first. It is never a part of a year.
-- group: cost_steps
-- grain: platform, period_start, period_end, months
with recursive length as (
    select distinct definition.months from core.definition as definition
),
expense as (
    select
        figure.*,
        platform.reporting_currency,
        figure.period_end - figure.period_start + 1 as days
    from core.observation_latest as figure
    join core.platform as platform on platform.platform = figure.platform and platform.reporting_currency = figure.unit
    where figure.metric = 'sm_expense' and figure.scope = '' and figure.period_start is not null
),
printed as (
    select
        expense.platform,
        expense.period_start,
        expense.period_end,
        if(expense.days < 100, 3, 12) as months,
        expense.unit,
        expense.value,
        expense.value_low,
        expense.value_high,
        expense.qualifier = 'exact' as is_exact,
        if(expense.is_restatement, expense.published_on, null) as restated_on,
        if(expense.is_restatement, null, coalesce(expense.published_on, date '0001-01-01')) as unrestated_on,
        if(expense.derivation is null, 0, 1) as precedence,
        expense.consolidation,
        expense.expense_nature,
        expense.covered_on,
        expense.flags,
        [expense.observation_id] as inputs,
        expense.published_on
    from expense
    where span_kind(expense.days) in ('quarter', 'year')
),
four_quarters as (
    select
        printed.platform,
        first_value(printed.period_start) over last_four as period_start,
        printed.period_end,
        12 as months,
        printed.unit,
        sum(printed.value) over last_four as value,
        whole(sum(printed.value_low) over last_four, count(printed.value_low) over last_four, 4) as value_low,
        whole(sum(printed.value_high) over last_four, count(printed.value_high) over last_four, 4) as value_high,
        bool_and(printed.is_exact) over last_four as is_exact,
        max(printed.restated_on) over last_four as restated_on,
        min(printed.unrestated_on) over last_four as unrestated_on,
        2 as precedence,
        one_of(min(printed.consolidation) over last_four, max(printed.consolidation) over last_four) as consolidation,
        one_of(min(printed.expense_nature) over last_four, max(printed.expense_nature) over last_four)
            as expense_nature,
        printed.covered_on,
        list_append(flatten(list(printed.flags) over last_four), 'summed_quarters') as flags,
        flatten(list(printed.inputs) over last_four) as inputs,
        whole(max(printed.published_on) over last_four, count(printed.published_on) over last_four, 4) as published_on,
        sum(printed.period_end - printed.period_start + 1) over last_four as days
    from printed
    where printed.months = 3
    window
        last_four as (
            partition by printed.platform, printed.unit
            order by printed.period_end rows between 3 preceding and current row
        )
),
year as (
    select known.* exclude (precedence) from (
        select printed.* from printed
        where printed.months = 12
        union all
        select four_quarters.* exclude (days) from four_quarters
        where
            four_quarters.days = four_quarters.period_end - four_quarters.period_start + 1
            and span_kind(four_quarters.days) = 'year'
    ) as known
    qualify rank() over (
        partition by known.platform, known.period_end
        order by known.precedence > 0, known.precedence > 0 and known.published_on is null, known.precedence
    ) = 1
),
pooled as (
    select year.* from year
    union all
    select
        later.platform,
        earlier.period_start,
        later.period_end,
        later.months + 12,
        later.unit,
        later.value + earlier.value,
        later.value_low + earlier.value_low,
        later.value_high + earlier.value_high,
        later.is_exact and earlier.is_exact,
        greatest(later.restated_on, earlier.restated_on),
        least(later.unrestated_on, earlier.unrestated_on),
        one_of(later.consolidation, earlier.consolidation),
        one_of(later.expense_nature, earlier.expense_nature),
        later.covered_on,
        list_concat(later.flags, earlier.flags),
        list_concat(earlier.inputs, later.inputs),
        known_on(later.published_on, earlier.published_on)
    from pooled as later
    join year as earlier on earlier.platform = later.platform and earlier.period_end = later.period_start - 1
    join (select max(length.months) as longest from length) as listed on later.months < listed.longest
),
spend as (
    select pooled.* from pooled
    union all
    select printed.* exclude (precedence) from printed
    where printed.months = 3
)
select
    spend.platform::varchar as platform,               -- platform slug
    spend.period_start::date as period_start,          -- first day of the window
    spend.period_end::date as period_end,              -- last day of the window
    spend.months::integer as months,                   -- length of the window, months
    spend.value::decimal(28, 6) as spend,              -- sales and marketing expense, in currency
    spend.value_low::decimal(28, 6) as spend_low,      -- least the prints allow; empty when unbounded
    spend.value_high::decimal(28, 6) as spend_high,    -- greatest the prints allow; empty when unbounded
    spend.unit::varchar as currency,                   -- ISO 4217 code
    spend.consolidation::varchar as consolidation,
    -- parts of the company that the expense covers, see core.consolidation; mixed where its figures differ
    spend.expense_nature::varchar as expense_nature,
    -- what the expense holds, see core.expense_line; mixed where its figures differ
    spend.covered_on::date as covered_on,
    -- day of the first document of the company that covers the end of the window; empty where none did by known_on
    spend.is_exact::boolean as is_exact,               -- false when a figure is about, at_least or at_most
    -- a figure first printed with a restated one, or after it, is of its vintage; of an undated one nobody knows
    all_flags(spend.flags, if(spend.unrestated_on < spend.restated_on, ['mixed_vintage'], []))::varchar[]
        as flags,                                      -- what a reader must know
    spend.inputs::varchar[] as input_observation_ids,  -- figures summed, earliest first
    spend.published_on::date as known_on               -- first day all figures were public; empty with an undated one
from spend
join length on length.months = spend.months
