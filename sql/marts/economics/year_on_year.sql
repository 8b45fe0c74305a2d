-- A public figure beside the one for the same period a year before, of the same scope and unit.
-- grain: platform, metric, scope, unit, period_start, period_end
with pair as (
    select
        figure.*,
        earlier.observation_id as earlier_id,
        earlier.document_id as earlier_document,
        earlier.value as earlier_value,
        earlier.value_low as earlier_low,
        earlier.value_high as earlier_high,
        earlier.period_end as earlier_end,
        coalesce(figure.period_start, figure.period_end) as first_day,
        coalesce(earlier.period_start, earlier.period_end) as earlier_first_day,
        earlier.qualifier as earlier_qualifier,
        earlier.flags as earlier_flags,
        earlier.consolidation as earlier_consolidation,
        earlier.expense_nature as earlier_nature,
        earlier.published_on as earlier_published_on,
        exists(
            select 1 from core.definition_break as definition_break
            where
                definition_break.platform = figure.platform
                and definition_break.metric = figure.metric
                and definition_break.scope = figure.scope
                and definition_break.from_period_end > earlier.period_end
                and definition_break.from_period_end <= figure.period_end
        ) as has_break
    from core.observation_latest as figure
    left join core.observation_latest as earlier
        on
            earlier.platform = figure.platform
            and earlier.metric = figure.metric
            and earlier.scope = figure.scope
            and earlier.unit = figure.unit
            and is_same_end(earlier.period_end, months_before(figure.period_end, 12))
            and (earlier.period_start is null) = (figure.period_start is null)
            and coalesce(earlier.period_end - earlier.period_start, 0)
            >= coalesce(figure.period_end - figure.period_start, 0) - 7
            and coalesce(earlier.period_end - earlier.period_start, 0)
            <= coalesce(figure.period_end - figure.period_start, 0) + 7
    qualify row_number() over (
        partition by
            figure.platform, figure.metric, figure.scope, figure.unit, figure.period_start, figure.period_end
        order by
            abs(earlier.period_end - months_before(figure.period_end, 12)), earlier.period_end, earlier.period_start
    ) = 1
),
judged as (
    select
        pair.*,
        case
            when pair.earlier_id is null then 'no_year_ago'
            when pair.has_break then 'definition_break'
            when one_of(pair.consolidation, pair.earlier_consolidation) = 'mixed' then 'consolidation_mismatch'
            when one_of(pair.expense_nature, pair.earlier_nature) = 'mixed' then 'nature_mismatch'
            when pair.unit = 'percent' then 'share'
            when pair.qualifier <> 'exact' or pair.earlier_qualifier <> 'exact' then 'bounds_only'
            when pair.value_low <= 0 or pair.earlier_low <= 0 then 'not_positive'
            else 'ok'
        end as validity
    from pair
),
moved as (
    select
        judged.observation_id,
        list_sort(list(distinct confounder.confounder) filter (
            where confounder.starts_on <= judged.period_end and confounder.ends_on >= judged.first_day
        )) as names,
        list_sort(list(distinct confounder.confounder) filter (
            where confounder.starts_on <= judged.earlier_end and confounder.ends_on >= judged.earlier_first_day
        )) as earlier_names
    from judged
    join core.confounder as confounder
        on
            (confounder.starts_on <= judged.period_end and confounder.ends_on >= judged.first_day)
            or (confounder.starts_on <= judged.earlier_end and confounder.ends_on >= judged.earlier_first_day)
    group by judged.observation_id
),
told as (
    select
        judged.*,
        coalesce(moved.names, []) as names,
        coalesce(moved.earlier_names, []) as earlier_names,
        term.has_bounds and judged.value_low > 0 and judged.earlier_high > 0 as has_low,
        term.has_bounds and judged.value_high > 0 and judged.earlier_low > 0 as has_high
    from judged
    left join moved on moved.observation_id = judged.observation_id
    left join core.term as term on term.kind = 'validity' and term.term = judged.validity
)
select
    told.platform::varchar as platform,                      -- platform slug
    told.metric::varchar as metric,                          -- metric slug
    told.scope::varchar as scope,                            -- perimeter of both figures; '' is the whole
    told.unit::varchar as unit,                              -- unit of both figures
    told.period_type::varchar as period_type,                -- year, ttm, quarter, point or other
    told.period_start::date as period_start,                 -- first day of the period; empty for a point
    told.period_end::date as period_end,                     -- last day of the period
    told.value::decimal(28, 6) as value,                     -- figure that counts, in unit
    told.value_low::decimal(28, 6) as value_low,             -- least the print allows, in unit; empty when unbounded
    told.value_high::decimal(28, 6) as value_high,           -- greatest the print allows, in unit; empty when unbounded
    told.qualifier::varchar as qualifier,                    -- exact, about, at_least or at_most
    told.earlier_value::decimal(28, 6) as year_ago,  -- figure of a year before, in unit; empty where none is known
    told.earlier_end::date as year_ago_end,                  -- last day of the period a year before
    if(told.validity = 'ok', 100 * (ratio(told.value, told.earlier_value) - 1), null)::double as yoy_pct,
    -- change on the year, percent; empty where validity is a reason
    if(told.has_low, 100 * (ratio(told.value_low, told.earlier_high) - 1), null)::double as yoy_low_pct,
    -- least the prints allow, percent
    if(told.has_high, 100 * (ratio(told.value_high, told.earlier_low) - 1), null)::double as yoy_high_pct,
    -- greatest the prints allow, percent
    told.names::varchar[] as confounders,                    -- what core.confounder has within the period
    list_sort(
        list_filter(
            list_concat(told.names, told.earlier_names), lambda name: told.earlier_id is not null
            and not (list_contains(told.names, name) and list_contains(told.earlier_names, name))
        )
    )::varchar[] as one_sided_confounders,                   -- what only one of the two periods had
    told.validity::varchar as validity,                      -- whether there is a number, or why not, see core.term
    told.observation_id::varchar as observation_id,          -- the figure
    told.document_id::varchar as document_id,                -- document of the figure
    told.published_on::date as published_on,
    -- when the world could know the figure; empty where its document has no date
    told.earlier_id::varchar as year_ago_observation_id,     -- the figure of a year before
    told.earlier_document::varchar as year_ago_document_id,  -- its document
    present([told.observation_id, told.earlier_id])::varchar[] as input_observation_ids,  -- both figures
    all_flags(told.flags, told.earlier_flags, if(told.has_break, ['definition_break'], []))::varchar[] as flags,
    -- what a reader must know
    known_on(told.published_on, day_if(told.earlier_id is not null, told.earlier_published_on))::date as known_on
    -- first day both figures were public; empty with an undated one
from told
