-- The figure that counted on a day for each quantity: latest word, finest print. The columns are those of
-- core.observation.
-- Undated figures are known only on date 'infinity', and only where the quantity has no dated one.
-- macro: core.observation_as_of(as_of_date date)
-- grain: platform, metric, scope, unit, period_start, period_end
-- partition: platform
with known as (
    select
        observation.observation_id,
        observation.qualifier,
        observation.class_rank,
        observation.published_on,
        observation.value_low,
        observation.value_high,
        observation.rounding_half_width,
        observation.derivation is not null as is_derived,
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
    qualify not dated.is_derived or bool_and(dated.is_derived) over (partition by dated.quantity)
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
from finest
join core.observation_known(as_of_date) as figure on figure.observation_id = finest.observation_id
