-- A figure of a filing in the currency it reports in, told by the first of the concepts that tell the metric.
-- Figures of one concept with one vintage can be added and subtracted: nothing of it was restated between their
-- filings.
-- grain: observation_id
with printed as (
    select fact.* from core.edgar_fact as fact
    where fact.unit = fact.filing_currency
    qualify row_number() over (
        partition by fact.platform, fact.metric, fact.unit, fact.period_start, fact.period_end, fact.document_id
        order by fact.priority, fact.taxonomy, fact.concept
    ) = 1
),
compared as (
    select
        printed.*,
        'xbrl_' || substr(md5(concat_ws(
            '|',
            printed.platform,
            printed.metric,
            printed.taxonomy,
            printed.concept,
            printed.unit,
            printed.period_start,
            printed.period_end,
            printed.document_id
        )), 1, 16) as observation_id,
        coalesce(
            abs(printed.value - lag(printed.value) over filings)
            > printed.half_width + lag(printed.half_width) over filings,
            false
        ) as is_news
    from printed
    window filings as (
        partition by
            printed.platform,
            printed.metric,
            printed.taxonomy,
            printed.concept,
            printed.unit,
            printed.period_start,
            printed.period_end
        order by printed.published_on, printed.document_id
    )
),
vintage as (
    select
        compared.*,
        count(*) filter (where compared.is_news) over (
            partition by compared.platform, compared.metric, compared.taxonomy, compared.concept, compared.unit
            order by compared.published_on
        ) as vintage
    from compared
)
select
    vintage.observation_id::varchar as observation_id,  -- stable identifier of the figure
    vintage.platform::varchar as platform,              -- platform slug
    vintage.metric::varchar as metric,                  -- metric slug
    vintage.taxonomy::varchar as taxonomy,              -- us-gaap or ifrs-full
    vintage.concept::varchar as concept,                -- XBRL concept
    vintage.unit::varchar as unit,                      -- ISO 4217 code, the currency in which the filing reports
    vintage.period_start::date as period_start,         -- first day of the period
    vintage.period_end::date as period_end,             -- last day of the period
    vintage.span::varchar as span,                      -- quarter, half, nine_months, year or other, by days
    vintage.period_type::varchar as period_type,        -- year, ttm, quarter or other
    vintage.value::decimal(28, 6) as value,             -- figure in base units of unit
    vintage.half_width::decimal(28, 6) as half_width,   -- half a rounding unit
    vintage.is_spent::boolean as is_spent,              -- whether it is an amount spent, which is never negative
    vintage.is_news::boolean as is_news,                -- whether an earlier filing told it otherwise
    vintage.vintage::integer as vintage,  -- how many figures of the concept had been restated by the day of filing
    vintage.printed_as::varchar as printed_as,          -- value as it is tagged
    vintage.document_id::varchar as document_id,        -- filing
    vintage.published_on::date as published_on,         -- day of filing
    vintage.loaded_at::timestamptz as loaded_at         -- when this warehouse knew it
from vintage
