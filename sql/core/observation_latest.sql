-- The figure that counts today for each quantity: latest word, finest print; undated figures where no dated one stands.
-- grain: platform, metric, scope, unit, period_start, period_end
select
    o.observation_id::varchar           as observation_id,      -- stable identifier of the figure
    o.platform::varchar                 as platform,            -- platform slug
    o.metric::varchar                   as metric,              -- metric slug
    o.scope::varchar                    as scope,               -- perimeter; '' is the whole
    o.period_type::varchar              as period_type,         -- year, ttm, quarter, point or other
    o.period_start::date                as period_start,        -- first day of the period; empty for a point
    o.period_end::date                  as period_end,          -- last day of the period
    o.value::decimal(28, 6)             as value,               -- figure in base units of unit
    o.value_low::decimal(28, 6)         as value_low,           -- least value the print allows; empty when it gives no lower bound
    o.value_high::decimal(28, 6)        as value_high,          -- greatest value the print allows; empty when it gives no upper bound
    o.rounding_half_width::decimal(28, 6) as rounding_half_width, -- half a unit of the last digit that counts, in unit
    o.unit::varchar                     as unit,                -- ISO 4217 code, persons, orders, percent, count or CNY_per_person
    o.qualifier::varchar                as qualifier,           -- exact; about, at_least or at_most only where no exact figure stands
    o.basis::varchar                    as basis,               -- gaap, ifrs, non_gaap, operating or press
    o.document_id::varchar              as document_id,         -- document that printed it first
    o.locator::varchar                  as locator,             -- where in the document
    o.printed_as::varchar               as printed_as,          -- as it is printed there
    o.derivation::varchar               as derivation,          -- empty, or how it follows from derived_from
    o.derived_from::varchar[]           as derived_from,        -- observations it follows from: level, increase
    o.source_class::varchar             as source_class,        -- kind of the document; of a derived level, the weaker of its two
    o.class_rank::integer               as class_rank,          -- 1 filing and company release, 2 media, 3 secondary
    o.is_restatement::boolean           as is_restatement,      -- whether the company had printed a different figure for the same quantity before
    o.flags::varchar[]                  as flags,               -- what a number computed from it must say
    o.published_on::date                as published_on,        -- when the world could know it; empty for an undated figure
    o.loaded_at::timestamptz            as loaded_at            -- when this warehouse knew it
from core.observation_as_of(date 'infinity') as o
