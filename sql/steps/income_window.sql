-- Revenue or gross profit of a platform over a quarter or a year, as printed for exactly that period; nothing is
-- summed.
-- Gross profit is the printed one or revenue less cost of revenue: a dated before an undated one, then the better
-- source, then the printed.
-- group: cost_steps
-- grain: platform, metric, period_start, period_end
with figure as (
    select
        figure.*,
        figure.qualifier = 'exact' as is_exact
    from core.observation_latest as figure
    join core.platform as platform on platform.platform = figure.platform and platform.reporting_currency = figure.unit
    where
        figure.metric in ('revenue', 'cost_of_revenue', 'gross_profit') and figure.scope = ''
        and (
            span_kind(figure.period_end - figure.period_start + 1) in ('quarter', 'year')
        )
),
income as (
    select
        figure.platform,
        figure.metric,
        figure.period_start,
        figure.period_end,
        figure.unit,
        figure.value,
        figure.value_low,
        figure.value_high,
        figure.is_exact,
        figure.consolidation,
        figure.flags,
        [figure.observation_id] as inputs,
        figure.published_on,
        figure.class_rank,
        true as is_printed
    from figure
    where figure.metric <> 'cost_of_revenue'
    union all
    select
        revenue.platform,
        'gross_profit',
        revenue.period_start,
        revenue.period_end,
        revenue.unit,
        revenue.value - cost.value,
        revenue.value_low - cost.value_high,
        revenue.value_high - cost.value_low,
        revenue.is_exact and cost.is_exact,
        revenue.consolidation,
        list_concat(
            revenue.flags,
            cost.flags,
            if(
                revenue.is_restatement <> cost.is_restatement
                -- one first printed with the restated one, or after it, is of its vintage; undated, it is unknown
                and coalesce(
                    if(
                        revenue.is_restatement,
                        cost.published_on < revenue.published_on,
                        revenue.published_on < cost.published_on
                    ),
                    true
                ),
                ['mixed_vintage'],
                []
            )
        ),
        [revenue.observation_id, cost.observation_id],
        known_on(revenue.published_on, cost.published_on),
        greatest(revenue.class_rank, cost.class_rank),
        false
    from figure as revenue
    join
        figure as cost
        on
            cost.platform = revenue.platform
            and cost.period_start = revenue.period_start
            and cost.period_end = revenue.period_end
            and cost.consolidation is not distinct from revenue.consolidation
    where revenue.metric = 'revenue' and cost.metric = 'cost_of_revenue'
),
best as (
    select
        income.*,
        coalesce(min(income.value_high) filter (where income.published_on is not null) over (
            partition by income.platform, income.metric, income.period_start, income.period_end
        ) < max(income.value_low) filter (where income.published_on is not null) over (
            partition by income.platform, income.metric, income.period_start, income.period_end
        ), false) as disagrees
    from income
    qualify row_number() over (
        partition by income.platform, income.metric, income.period_start, income.period_end
        order by income.published_on is null, income.class_rank, income.is_printed desc
    ) = 1
)
select
    best.platform::varchar as platform,               -- platform slug
    best.metric::varchar as metric,                   -- revenue or gross_profit
    best.period_start::date as period_start,          -- first day of the period
    best.period_end::date as period_end,              -- last day of the period
    best.unit::varchar as currency,                   -- ISO 4217 code
    best.value::decimal(28, 6) as value,              -- in currency; a gross profit may be negative
    best.value_low::decimal(28, 6) as value_low,      -- least the prints allow; empty when unbounded
    best.value_high::decimal(28, 6) as value_high,    -- greatest the prints allow; empty when unbounded
    best.consolidation::varchar as consolidation,     -- parts of the company it covers, see core.consolidation
    best.is_exact::boolean as is_exact,               -- false when a figure is about, at_least or at_most
    all_flags(best.flags, if(best.disagrees, ['recomputed_disagrees'], []))::varchar[] as flags,
    -- what a reader must know; recomputed_disagrees: the printed gross profit and revenue less cost do not meet
    best.inputs::varchar[] as input_observation_ids,  -- the printed figure, or revenue and cost of revenue
    best.published_on::date as known_on  -- first day it could have been computed; empty with an undated figure
from best
