-- The figure that counted on a day for each quantity: latest word, finest print. The columns are those of core.observation.
-- Undated figures are known only on date 'infinity', and only where the quantity has no dated one.
-- macro: core.observation_as_of(as_of_date date)
-- grain: platform, metric, scope, unit, period_start, period_end
with known as (
    select o.*, row(o.platform, o.metric, o.scope, o.unit, coalesce(o.period_start, date '0001-01-01'), o.period_end) as quantity
    from core.observation_known(as_of_date) as o
),
dated as (
    select k.* from known as k
    qualify k.published_on is not null or count(k.published_on) over (partition by k.quantity) = 0
),
eligible as (
    select d.* from dated as d
    qualify d.derivation is null or bool_and(d.derivation is not null) over (partition by d.quantity)
),
word as (
    select e.* from eligible as e
    qualify row_number() over (
        partition by e.quantity
        order by e.qualifier = 'exact' desc, e.class_rank, e.published_on desc, e.rounding_half_width, e.observation_id
    ) = 1
),
contradicted as (
    select distinct c.observation_id from eligible as c
    join eligible as r
        on r.quantity = c.quantity and r.qualifier = 'exact' and r.class_rank <= c.class_rank
        and r.published_on > c.published_on and (r.value_low > c.value_high or r.value_high < c.value_low)
),
finest as (
    select c.* from eligible as c
    join word as w on w.quantity = c.quantity
    left join contradicted as x on x.observation_id = c.observation_id
    where c.observation_id = w.observation_id or (
        c.qualifier = 'exact' and w.qualifier = 'exact'
        and if(c.class_rank > w.class_rank,
            c.value_low >= w.value_low and c.value_high <= w.value_high,
            c.value_low <= w.value_high and c.value_high >= w.value_low)
        and x.observation_id is null
    )
    qualify row_number() over (
        partition by c.quantity
        order by c.rounding_half_width, c.class_rank, c.published_on, c.observation_id
    ) = 1
)
select
    f.observation_id::varchar           as observation_id,      -- stable identifier of the figure
    f.platform::varchar                 as platform,            -- platform slug
    f.metric::varchar                   as metric,              -- metric slug
    f.scope::varchar                    as scope,               -- perimeter; '' is the whole
    f.period_type::varchar              as period_type,         -- year, ttm, quarter, point or other
    f.period_start::date                as period_start,        -- first day of the period; empty for a point
    f.period_end::date                  as period_end,          -- last day of the period
    f.value::decimal(28, 6)             as value,               -- figure in base units of unit
    f.value_low::decimal(28, 6)         as value_low,           -- least value the print allows; empty when it gives no lower bound
    f.value_high::decimal(28, 6)        as value_high,          -- greatest value the print allows; empty when it gives no upper bound
    f.rounding_half_width::decimal(28, 6) as rounding_half_width, -- half a unit of the last digit that counts, in unit
    f.unit::varchar                     as unit,                -- ISO 4217 code, persons, orders, percent, count or CNY_per_person
    f.qualifier::varchar                as qualifier,           -- exact; about, at_least or at_most only where no exact figure stands
    f.basis::varchar                    as basis,               -- gaap, ifrs, non_gaap, operating or press
    f.document_id::varchar              as document_id,         -- document that printed it first
    f.locator::varchar                  as locator,             -- where in the document
    f.printed_as::varchar               as printed_as,          -- as it is printed there
    f.derivation::varchar               as derivation,          -- empty, or how it follows from derived_from
    f.derived_from::varchar[]           as derived_from,        -- observations it follows from: level, increase
    f.source_class::varchar             as source_class,        -- kind of the document; of a derived level, the weaker of its two
    f.class_rank::integer               as class_rank,          -- 1 filing and company release, 2 media, 3 secondary
    f.is_restatement::boolean           as is_restatement,      -- whether the company had printed a different figure for the same quantity before
    f.flags::varchar[]                  as flags,               -- what a number computed from it must say
    f.published_on::date                as published_on,        -- when the world could know it; empty for an undated figure
    f.loaded_at::timestamptz            as loaded_at            -- when this warehouse knew it
from finest as f
