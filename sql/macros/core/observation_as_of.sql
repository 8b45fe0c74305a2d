-- The figure that counted on a day for each quantity: latest word, finest print. The columns are those of
-- core.observation.
-- Undated figures are known only on date 'infinity', and only where the quantity has no dated one.
-- macro: core.observation_as_of(as_of_date date)
-- grain: platform, metric, scope, unit, period_start, period_end
with known as (
    select
        observation.*,
        quantity(
            observation.platform,
            observation.metric,
            observation.scope,
            observation.unit,
            observation.period_start,
            observation.period_end
        ) as quantity
    from core.observation_known(as_of_date) as observation
),
dated as (
    select known.* from known
    qualify known.published_on is not null or count(known.published_on) over (partition by known.quantity) = 0
),
eligible as (
    select dated.* from dated
    qualify dated.derivation is null or bool_and(dated.derivation is not null) over (partition by dated.quantity)
),
word as (
    select eligible.* from eligible
    qualify row_number() over (
        partition by eligible.quantity
        order by
            eligible.qualifier = 'exact' desc,
            eligible.class_rank,
            eligible.published_on desc,
            eligible.rounding_half_width,
            eligible.observation_id
    ) = 1
),
contradicted as (
    select distinct candidate.observation_id from eligible as candidate
    join eligible as newer
        on
            newer.quantity = candidate.quantity
            and newer.qualifier = 'exact'
            and newer.class_rank <= candidate.class_rank
            and newer.published_on > candidate.published_on
            and are_apart(newer.value_low, newer.value_high, candidate.value_low, candidate.value_high)
),
finest as (
    select candidate.* from eligible as candidate
    join word on word.quantity = candidate.quantity
    left join contradicted on contradicted.observation_id = candidate.observation_id
    where
        candidate.observation_id = word.observation_id or (
            candidate.qualifier = 'exact' and word.qualifier = 'exact'
            and if(
                candidate.class_rank > word.class_rank,
                candidate.value_low >= word.value_low and candidate.value_high <= word.value_high,
                candidate.value_low <= word.value_high and candidate.value_high >= word.value_low
            )
            and contradicted.observation_id is null
        )
    qualify row_number() over (
        partition by candidate.quantity
        order by candidate.rounding_half_width, candidate.class_rank, candidate.published_on, candidate.observation_id
    ) = 1
)
select
    finest.observation_id::varchar as observation_id,  -- stable identifier of the figure
    finest.platform::varchar as platform,              -- platform slug
    finest.metric::varchar as metric,                  -- metric slug
    finest.scope::varchar as scope,                    -- perimeter; '' is the whole
    finest.consolidation::varchar as consolidation,
    -- parts of the company that it covers, see core.consolidation; '' where nothing was bought or sold
    finest.expense_nature::varchar as expense_nature,
    -- what a sales and marketing expense holds, see core.expense_line; empty for another metric
    finest.period_type::varchar as period_type,        -- year, ttm, quarter, point or other
    finest.period_start::date as period_start,         -- first day of the period; empty for a point
    finest.period_end::date as period_end,             -- last day of the period
    finest.value::decimal(28, 6) as value,             -- figure in base units of unit
    finest.value_low::decimal(28, 6) as value_low,  -- least value the print allows; empty when it gives no lower bound
    finest.value_high::decimal(28, 6) as value_high,
    -- greatest value the print allows; empty when it gives no upper bound
    finest.rounding_half_width::decimal(28, 6) as rounding_half_width,
    -- half a unit of the last digit that counts, in unit
    finest.unit::varchar as unit,  -- ISO 4217 code, persons, orders, percent, count or CNY_per_person
    finest.qualifier::varchar as qualifier,  -- exact; about, at_least or at_most only where no exact figure stands
    finest.basis::varchar as basis,                    -- gaap, ifrs, non_gaap, operating or press
    finest.document_id::varchar as document_id,        -- document that printed it first
    finest.locator::varchar as locator,                -- where in the document
    finest.printed_as::varchar as printed_as,          -- as it is printed there
    finest.derivation::varchar as derivation,          -- empty, or how it follows from derived_from
    finest.derived_from::varchar[] as derived_from,    -- observations it follows from: level, increase
    finest.source_class::varchar as source_class,  -- kind of the document; of a derived level, the weaker of its two
    finest.class_rank::integer as class_rank,          -- 1 filing and company release, 2 media, 3 secondary
    finest.is_restatement::boolean as is_restatement,
    -- whether the company had printed a different figure for the same quantity before
    finest.flags::varchar[] as flags,                  -- what a number computed from it must say
    finest.published_on::date as published_on,         -- when the world could know it; empty for an undated figure
    finest.covered_on::date as covered_on,
    -- day of the first document of the company here that covers the end of the period; empty where none does
    finest.loaded_at::timestamptz as loaded_at         -- when this warehouse knew it
from finest
