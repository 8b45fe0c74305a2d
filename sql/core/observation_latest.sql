-- The figure that counts today for each quantity: latest word, finest print; undated figures where no dated one stands.
-- group: figures
-- grain: platform, metric, scope, unit, period_start, period_end
select
    figure.observation_id::varchar as observation_id,  -- stable identifier of the figure
    figure.platform::varchar as platform,              -- platform slug
    figure.metric::varchar as metric,                  -- metric slug
    figure.scope::varchar as scope,                    -- perimeter; '' is the whole
    figure.consolidation::varchar as consolidation,
    -- parts of the company that it covers, see core.consolidation; '' where nothing was bought or sold
    figure.expense_nature::varchar as expense_nature,
    -- what a sales and marketing expense holds, see core.expense_line; empty for another metric
    figure.period_type::varchar as period_type,        -- year, ttm, quarter, point or other
    figure.period_start::date as period_start,         -- first day of the period; empty for a point
    figure.period_end::date as period_end,             -- last day of the period
    figure.value::decimal(28, 6) as value,             -- figure in base units of unit
    figure.value_low::decimal(28, 6) as value_low,  -- least value the print allows; empty when it gives no lower bound
    figure.value_high::decimal(28, 6) as value_high,
    -- greatest value the print allows; empty when it gives no upper bound
    figure.rounding_half_width::decimal(28, 6) as rounding_half_width,
    -- half a unit of the last digit that counts, in unit
    figure.unit::varchar as unit,  -- ISO 4217 code, persons, orders, percent, count or CNY_per_person
    figure.qualifier::varchar as qualifier,  -- exact; about, at_least or at_most only where no exact figure stands
    figure.basis::varchar as basis,                    -- gaap, ifrs, non_gaap, operating or press
    figure.document_id::varchar as document_id,        -- document that printed it first
    figure.locator::varchar as locator,                -- where in the document
    figure.printed_as::varchar as printed_as,          -- as it is printed there
    figure.derivation::varchar as derivation,          -- empty, or how it follows from derived_from
    figure.derived_from::varchar[] as derived_from,    -- observations it follows from: level, increase
    figure.source_class::varchar as source_class,  -- kind of the document; of a derived level, the weaker of its two
    figure.class_rank::integer as class_rank,          -- 1 filing and company release, 2 media, 3 secondary
    figure.is_restatement::boolean as is_restatement,
    -- whether the company had printed a different figure for the same quantity before
    figure.flags::varchar[] as flags,                  -- what a number computed from it must say
    figure.published_on::date as published_on,         -- when the world could know it; empty for an undated figure
    figure.covered_on::date as covered_on,
    -- day of the first document of the company here that covers the end of the period; empty where none does
    figure.loaded_at::timestamp as loaded_at         -- when this warehouse knew it, UTC
from core.observation_as_of(date 'infinity') as figure
