-- One figure printed in one document, or one that follows from two of them; nothing is ever overwritten.
-- group: figures
-- grain: observation_id
with printed as (
    select
        printed.* exclude (concept, vintage),
        null::varchar as derivation,
        []::varchar[] as derived_from
    from core.printed_figure as printed
),
growth as (
    select
        printed.* replace (growth.metric as metric),
        1 + growth.value / 100 as factor,
        1 + (growth.value - growth.half_width) / 100 as least,
        1 + (growth.value + growth.half_width) / 100 as most
    from printed
    join core.printed_growth as growth on growth.observation_id = printed.observation_id
),
reached as (
    select
        level.* replace (
            (
                level.period_start
                + to_months(way.sign * span_months(increase.period_start, increase.period_end))
            )::date as period_start,
            if(way.sign < 0, increase.period_start - 1, increase.period_end)::date as period_end,
            level.value + way.sign * increase.value as value,
            level.half_width + increase.half_width as half_width,
            way.derivation as derivation
        ),
        increase.observation_id as change_id,
        increase.period_start - 1 as from_end,
        increase.period_end as to_end,
        level.observation_id as level_id
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
    union all
    select
        level.* replace (
            (level.period_start + to_months(way.months))::date as period_start,
            if(way.months < 0, months_before(level.period_end, 12), growth.period_end)::date as period_end,
            try_cast(
                if(way.months < 0, level.value / growth.factor, level.value * growth.factor) as decimal(28, 6)
            ) as value,
            try_cast(
                if(
                    way.months < 0,
                    (level.value + level.half_width) / growth.least - level.value / growth.factor,
                    (level.value + level.half_width) * growth.most - level.value * growth.factor
                ) as decimal(28, 6)
            ) as half_width,
            way.derivation as derivation
        ),
        growth.observation_id,
        months_before(growth.period_end, 12),
        growth.period_end,
        level.observation_id
    from growth
    join (values (-12, 'level_over_growth'), (12, 'level_times_growth')) as way (months, derivation) on true
    join printed as level
        on
            level.platform = growth.platform
            and level.scope = growth.scope
            and level.metric = growth.metric
            and level.consolidation is not distinct from growth.consolidation
            and level.qualifier = 'exact' and level.unit <> 'percent'
            and span_kind(level.period_end - level.period_start + 1)
            = span_kind(growth.period_end - growth.period_start + 1)
            and is_same_end(
                level.period_end, if(way.months < 0, growth.period_end, months_before(growth.period_end, 12))
            )
),
derived as (
    select
        reached.* exclude (change_id, from_end, to_end, level_id) replace (
            'drv_' || substr(md5(concat_ws('|', change.observation_id, reached.level_id, reached.derivation)), 1, 16)
                as observation_id,
            change.document_id as document_id,
            change.locator as locator,
            change.printed_as as printed_as,
            if(reached.level_id = reached.change_id, [reached.level_id], [reached.level_id, reached.change_id])
                as derived_from,
            if(reached.class_rank > change.class_rank, reached.source_class, change.source_class) as source_class,
            greatest(reached.class_rank, change.class_rank) as class_rank,
            known_on(reached.published_on, change.published_on) as published_on,
            greatest(reached.loaded_at, change.loaded_at) as loaded_at
        )
    from reached
    join printed as change on change.observation_id = reached.change_id
    -- what a growth makes larger than any amount can be is a wrong growth
    where reached.value + reached.half_width < 1e22 and not exists (
        select 1 from core.definition_break as definition_break
        where
            definition_break.platform = reached.platform
            and definition_break.metric = reached.metric
            and definition_break.scope = reached.scope
            and definition_break.from_period_end > reached.from_end
            and definition_break.from_period_end <= reached.to_end
    ) and not exists (
        -- the change is counted from the level as it stood then, not from one that had been restated by then
        select 1
        from printed as level
        join printed as restated
            on
                restated.platform = level.platform
                and restated.metric = level.metric
                and restated.scope = level.scope
                and restated.unit = level.unit
                and restated.period_start = level.period_start
                and restated.period_end = level.period_end
        where
            level.observation_id = reached.level_id
            and restated.qualifier = 'exact'
            and restated.class_rank <= level.class_rank
            and restated.published_on > level.published_on
            and restated.published_on <= change.published_on
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
),
-- prints declared to be no figure that others are held against
contradicted as (
    select coalesce(list(printed.observation_id), []) as ids
    from printed
    join core.contradiction as declared
        on
            declared.platform = printed.platform
            and declared.metric = printed.metric
            and declared.scope = printed.scope
            and declared.unit = printed.unit
            and declared.period_start is not distinct from printed.period_start
            and declared.period_end = printed.period_end
            and declared.value = printed.value
            and declared.document_id = printed.document_id
    where declared.explanation in ('estimate', 'misprint')
),
covered as (
    select
        figure.*,
        list_has_any(list_append(figure.derived_from, figure.observation_id), contradicted.ids) as is_contradicted,
        min(figure.published_on) filter (
            where
            figure.class_rank = 1 and figure.derivation is null and figure.published_on > figure.period_end
        ) over (partition by figure.platform, figure.period_end) as covered_on
    from figure
    cross join contradicted
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
        if(figure.is_contradicted, 'contradicted_input', null),
        if(figure.qualifier <> 'exact', 'approx_input', null),
        if(figure.published_on is null, 'undated_input', null),
        if(figure.covered_on < figure.published_on and not figure.is_restatement, 'known_on_bound', null),
        if(figure.derivation is not null, 'derived_input', null)
    ])::varchar[] as flags,                                    -- what a number computed from it must say
    figure.published_on::date as published_on,
    -- when the world could know it; empty where the document has no date; with the flag known_on_bound the latest such
    -- day
    if(figure.covered_on <= figure.published_on, figure.covered_on, null)::date as covered_on,
    -- day of the first document of the company here that covers the end of the period, up to published_on; else empty
    figure.loaded_at::timestamp as loaded_at                 -- when this warehouse knew it, UTC
from covered as figure
