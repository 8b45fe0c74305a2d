-- One figure printed in one document, or one that follows from two of them; nothing is ever overwritten.
-- grain: observation_id
with printed as (
    select
        printed.* exclude (concept, vintage),
        null::varchar as derivation,
        []::varchar[] as derived_from
    from core.printed_figure as printed
),
derived as (
    select
        'drv_'
        || substr(md5(concat_ws('|', increase.observation_id, level.observation_id, way.derivation)), 1, 16)
            as observation_id,
        level.platform,
        level.metric,
        level.scope,
        level.consolidation,
        level.expense_nature,
        level.period_type,
        (
            level.period_start
            + to_months(way.sign * span_months(increase.period_start, increase.period_end))
        )::date as period_start,
        if(way.sign < 0, increase.period_start - 1, increase.period_end)::date as period_end,
        level.value + way.sign * increase.value as value,
        level.half_width + increase.half_width as half_width,
        level.unit,
        'exact' as qualifier,
        level.basis,
        increase.document_id,
        increase.locator,
        increase.printed_as,
        way.derivation,
        [level.observation_id, increase.observation_id] as derived_from,
        if(level.class_rank > increase.class_rank, level.source_class, increase.source_class) as source_class,
        greatest(level.class_rank, increase.class_rank) as class_rank,
        known_on(level.published_on, increase.published_on) as published_on,
        greatest(level.loaded_at, increase.loaded_at) as loaded_at
    from printed as increase
    join (values (-1, 'level_less_increase'), (1, 'level_plus_increase')) as way (sign, derivation) on true
    join printed as level
        on
            level.platform = increase.platform
            and level.scope = increase.scope
            and level.consolidation is not distinct from increase.consolidation
            and level.unit = increase.unit
            and increase.metric = level.metric || '_net_add'
            and level.qualifier = 'exact' and increase.qualifier = 'exact' and level.period_start is not null
            and level.period_end = if(way.sign < 0, increase.period_end, increase.period_start - 1)
    where not exists (
        select 1 from core.definition_break as definition_break
        where
            definition_break.platform = level.platform
            and definition_break.metric = level.metric
            and definition_break.scope = level.scope
            and definition_break.from_period_end between increase.period_start and increase.period_end
    ) and not exists (
    -- the increase is counted from the level as it stood then, not from one that had been restated by then
        select 1 from printed as restated
        where
            restated.platform = level.platform
            and restated.metric = level.metric
            and restated.scope = level.scope
            and restated.unit = level.unit
            and restated.qualifier = 'exact'
            and restated.class_rank <= level.class_rank
            and restated.period_start = level.period_start
            and restated.period_end = level.period_end
            and restated.published_on > level.published_on
            and restated.published_on <= increase.published_on
            and abs(restated.value - level.value) > restated.half_width + level.half_width
    )
),
figure as (
    select
        printed.*,
        exists (
            select 1 from printed as earlier
            where
                earlier.platform = printed.platform
                and earlier.metric = printed.metric
                and earlier.scope = printed.scope
                and earlier.unit = printed.unit
                and earlier.period_start is not distinct from printed.period_start
                and earlier.period_end = printed.period_end
                and earlier.class_rank = 1
                and earlier.derivation is null
                and earlier.qualifier = 'exact'
                and earlier.published_on < printed.published_on
                and abs(earlier.value - printed.value) > earlier.half_width + printed.half_width
        ) and printed.class_rank = 1 and printed.qualifier = 'exact' and printed.derivation is null as is_restatement
    from printed
    union all by name
    select
        derived.*,
        false as is_restatement
    from derived
    union all by name
    select
        followed.*,
        'exact' as qualifier,
        false as is_restatement
    from core.derived_window as followed
)
select
    figure.observation_id::varchar as observation_id,          -- stable identifier of the figure
    figure.platform::varchar as platform,                      -- platform slug
    figure.metric::varchar as metric,                          -- metric slug
    figure.scope::varchar as scope,                            -- perimeter; '' is the whole
    figure.consolidation::varchar as consolidation,
    -- parts of the company that it covers, see core.consolidation; '' where nothing was bought or sold
    figure.expense_nature::varchar as expense_nature,
    -- what a sales and marketing expense holds, see core.expense_line; empty for another metric
    figure.period_type::varchar as period_type,                -- year, ttm, quarter, point or other
    figure.period_start::date as period_start,                 -- first day of the period; empty for a point
    figure.period_end::date as period_end,                     -- last day of the period
    figure.value::decimal(28, 6) as value,                     -- figure in base units of unit
    if(
        figure.qualifier = 'at_most', null, figure.value - if(figure.qualifier = 'at_least', 0, figure.half_width)
    )::decimal(28, 6) as value_low,  -- least value the print allows; empty when it gives no lower bound
    if(
        figure.qualifier = 'at_least', null, figure.value + if(figure.qualifier = 'at_most', 0, figure.half_width)
    )::decimal(28, 6) as value_high,  -- greatest value the print allows; empty when it gives no upper bound
    figure.half_width::decimal(28, 6) as rounding_half_width,  -- half a unit of the last digit that counts, in unit
    figure.unit::varchar as unit,  -- ISO 4217 code, persons, orders, percent, count or CNY_per_person
    figure.qualifier::varchar as qualifier,                    -- exact, about, at_least or at_most
    figure.basis::varchar as basis,                            -- gaap, ifrs, non_gaap, operating or press
    figure.document_id::varchar as document_id,
    -- document in which it stands; of a derived level, that of the increase; of a derived window, the latest one
    figure.locator::varchar as locator,                        -- where in the document
    figure.printed_as::varchar as printed_as,                  -- as it is printed there
    figure.derivation::varchar as derivation,                  -- empty, or how it follows from derived_from
    figure.derived_from::varchar[] as derived_from,
    -- observations it follows from: level and increase, or longer period, its beginning and what follows it
    figure.source_class::varchar as source_class,  -- kind of the document; of a derived one, the weakest of its parts
    figure.class_rank::integer as class_rank,                  -- 1 filing and company release, 2 media, 3 secondary
    figure.is_restatement::boolean as is_restatement,
    -- whether the company had printed a different figure for the same quantity before
    present([
        if(figure.is_restatement, 'restated_input', null),
        if(figure.basis = 'press', 'press_basis', null),
        if(figure.qualifier <> 'exact', 'approx_input', null),
        if(figure.published_on is null, 'undated_input', null),
        if(figure.derivation is not null, 'derived_input', null)
    ])::varchar[] as flags,                                    -- what a number computed from it must say
    figure.published_on::date as published_on,  -- when the world could know it; empty where the document has no date
    figure.loaded_at::timestamptz as loaded_at                 -- when this warehouse knew it
from figure
