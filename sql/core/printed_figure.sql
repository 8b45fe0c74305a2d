-- One figure as one document prints it: of the hand-kept reference, or as a filing tags it.
-- Figures of one series with one vintage can be added and subtracted: nothing of the series was restated between their
-- documents.
-- group: figures
-- grain: observation_id
with printed as (
    select
        entry.reading['observation_id'] as observation_id,
        entry.fields['platform'] as platform,
        entry.fields['metric'] as metric,
        coalesce(entry.fields['scope'], '') as scope,
        entry.fields['period_type'] as period_type,
        nullif(entry.fields['period_start'], '')::date as period_start,
        entry.fields['period_end']::date as period_end,
        entry.fields['value']::decimal(28, 6) as value,
        entry.reading['rounding_half_width']::decimal(28, 6) as half_width,
        entry.fields['unit'] as unit,
        entry.fields['qualifier'] as qualifier,
        entry.fields['basis'] as basis,
        document.document_id,
        entry.fields['locator'] as locator,
        entry.fields['printed_as'] as printed_as,
        '' as concept,
        document.kind as source_class,
        document.class_rank,
        document.published_on,
        entry.loaded_at
    from raw.reference_row as entry join core.document as document on document.document_id = entry.fields['document_id']
    where entry.kind = 'observation' and entry.superseded_at is null
    union all
    select
        filed.observation_id,
        filed.platform,
        filed.metric,
        '',
        filed.period_type,
        filed.period_start,
        filed.period_end,
        filed.value,
        filed.half_width,
        filed.unit,
        'exact',
        if(filed.taxonomy = 'ifrs-full', 'ifrs', 'gaap'),
        filed.document_id,
        filed.taxonomy || ':' || filed.concept,
        filed.printed_as,
        filed.taxonomy || ':' || filed.concept,
        'filing',
        1,
        filed.published_on,
        filed.loaded_at
    from core.edgar_figure as filed
),
covered as (
    select
        printed.*,
        coalesce(own_parts.consolidation, all_parts.consolidation, '') as consolidation,
        if(
            printed.metric = 'sm_expense',
            coalesce(exact_line.nature, own_line.nature, any_line.nature, 'sales_and_marketing'),
            null
        ) as expense_nature
    from printed
    left join core.consolidation as own_parts
        on
            own_parts.platform = printed.platform
            and own_parts.metric = printed.metric
            and own_parts.published_from <= coalesce(printed.published_on, printed.period_end)
            and coalesce(printed.published_on, printed.period_end)
            < coalesce(own_parts.published_before, date 'infinity')
    left join core.consolidation as all_parts
        on
            all_parts.platform = printed.platform
            and all_parts.metric = '*'
            and all_parts.published_from <= coalesce(printed.published_on, printed.period_end)
            and coalesce(printed.published_on, printed.period_end)
            < coalesce(all_parts.published_before, date 'infinity')
    left join core.expense_line as exact_line
        on exact_line.platform = printed.platform and exact_line.concept = printed.concept
    left join core.expense_line as own_line on own_line.platform = printed.platform and own_line.concept = ''
    left join core.expense_line as any_line on any_line.platform = '*' and any_line.concept = printed.concept
),
compared as (
    select
        covered.*,
        covered.class_rank = 1 and covered.qualifier = 'exact' and covered.published_on is not null as is_word,
        row(
            covered.platform, covered.metric, covered.scope, covered.unit, covered.basis, covered.concept
        ) as series,
        is_word and abs(covered.value - lag(covered.value) over prints)
        > covered.half_width + lag(covered.half_width) over prints as is_news
    from covered
    window prints as (
        partition by series, is_word, covered.period_start, covered.period_end
        order by covered.published_on, covered.document_id
    )
),
vintage as (
    select
        compared.*,
        count(*) filter (where compared.is_news) over (
            partition by compared.series
            order by compared.published_on nulls last
        ) as restated
    from compared
)
select
    vintage.observation_id::varchar as observation_id,  -- stable identifier of the figure
    vintage.platform::varchar as platform,              -- platform slug
    vintage.metric::varchar as metric,                  -- metric slug
    vintage.scope::varchar as scope,                    -- perimeter; '' is the whole
    vintage.consolidation::varchar as consolidation,
    -- parts of the company that it covers, see core.consolidation; '' where nothing was bought or sold
    vintage.expense_nature::varchar as expense_nature,
    -- what a sales and marketing expense holds, see core.expense_line; empty for another metric
    vintage.period_type::varchar as period_type,        -- year, ttm, quarter, point or other
    vintage.period_start::date as period_start,         -- first day of the period; empty for a point
    vintage.period_end::date as period_end,             -- last day of the period
    vintage.value::decimal(28, 6) as value,             -- figure in base units of unit
    vintage.half_width::decimal(28, 6) as half_width,   -- half a unit of the last digit that counts, in unit
    vintage.unit::varchar as unit,  -- ISO 4217 code, persons, orders, percent, count or CNY_per_person
    vintage.qualifier::varchar as qualifier,            -- exact, about, at_least or at_most
    vintage.basis::varchar as basis,                    -- gaap, ifrs, non_gaap, operating or press
    vintage.document_id::varchar as document_id,        -- document in which it stands
    vintage.locator::varchar as locator,                -- where in the document; the concept of a filing
    vintage.printed_as::varchar as printed_as,          -- as it is printed or tagged there
    vintage.concept::varchar as concept,                -- XBRL concept; '' where the figure was not read from tags
    if(vintage.published_on is null and vintage.restated > 0, null, vintage.restated)::integer as vintage,
    -- how many figures of its series (platform, metric, scope, unit, basis, concept) the company had restated by then;
    -- empty for an undated figure of a series with a restatement
    vintage.source_class::varchar as source_class,      -- kind of the document
    vintage.class_rank::integer as class_rank,          -- 1 filing and company release, 2 media, 3 secondary
    vintage.published_on::date as published_on,  -- when the world could know it; empty where the document has no date
    vintage.loaded_at::timestamp as loaded_at         -- when this warehouse knew it, UTC
from vintage
