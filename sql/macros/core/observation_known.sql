-- The observations that were public on a day; those of undated documents only on date 'infinity'.
-- macro: core.observation_known(as_of_date date)
-- grain: observation_id
-- partition: platform
select
    observation.observation_id::varchar as observation_id,  -- stable identifier of the figure
    observation.platform::varchar as platform,              -- platform slug
    observation.metric::varchar as metric,                  -- metric slug
    observation.scope::varchar as scope,                    -- perimeter; '' is the whole
    observation.consolidation::varchar as consolidation,
    -- parts of the company that it covers, see core.consolidation; '' where nothing was bought or sold
    observation.expense_nature::varchar as expense_nature,
    -- what a sales and marketing expense holds, see core.expense_line; empty for another metric
    observation.period_type::varchar as period_type,        -- year, ttm, quarter, point or other
    observation.period_start::date as period_start,         -- first day of the period; empty for a point
    observation.period_end::date as period_end,             -- last day of the period
    observation.value::decimal(28, 6) as value,             -- figure in base units of unit
    observation.value_low::decimal(28, 6) as value_low,
    -- least value the print allows; empty when it gives no lower bound
    observation.value_high::decimal(28, 6) as value_high,
    -- greatest value the print allows; empty when it gives no upper bound
    observation.rounding_half_width::decimal(28, 6) as rounding_half_width,
    -- half a unit of the last digit that counts, in unit
    observation.unit::varchar as unit,  -- ISO 4217 code, persons, orders, percent, count or CNY_per_person
    observation.qualifier::varchar as qualifier,  -- exact; about, at_least or at_most only where no exact figure stands
    observation.basis::varchar as basis,                    -- gaap, ifrs, non_gaap, operating or press
    observation.document_id::varchar as document_id,        -- document that printed it first
    observation.locator::varchar as locator,                -- where in the document
    observation.printed_as::varchar as printed_as,          -- as it is printed there
    observation.derivation::varchar as derivation,          -- empty, or how it follows from derived_from
    observation.derived_from::varchar[] as derived_from,    -- observations it follows from: level, increase
    observation.source_class::varchar as source_class,
    -- kind of the document; of a derived level, the weaker of its two
    observation.class_rank::integer as class_rank,          -- 1 filing and company release, 2 media, 3 secondary
    observation.is_restatement::boolean as is_restatement,
    -- whether the company had printed a different figure for the same quantity before
    observation.flags::varchar[] as flags,                  -- what a number computed from it must say
    observation.published_on::date as published_on,         -- when the world could know it; empty for an undated figure
    observation.covered_on::date as covered_on,
    -- day of the first document of the company here that covers the end of the period; empty where none does
    observation.loaded_at::timestamp as loaded_at         -- when this warehouse knew it, UTC
from core.observation as observation
where coalesce(observation.published_on, date 'infinity') <= as_of_date
