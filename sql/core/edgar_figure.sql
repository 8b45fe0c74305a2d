-- A figure of a filing in the currency it reports in, told by the first of the concepts that tell the metric.
-- group: filings
-- grain: observation_id
with printed as (
    select fact.* from core.edgar_fact as fact
    where fact.unit = fact.filing_currency
    qualify row_number() over (
        partition by fact.platform, fact.metric, fact.unit, fact.period_start, fact.period_end, fact.document_id
        order by fact.priority, fact.taxonomy, fact.concept
    ) = 1
)
select
    (
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
        )), 1, 16)
    )::varchar as observation_id,  -- stable identifier of the figure
    printed.platform::varchar as platform,              -- platform slug
    printed.metric::varchar as metric,                  -- metric slug
    printed.taxonomy::varchar as taxonomy,              -- us-gaap or ifrs-full
    printed.concept::varchar as concept,                -- XBRL concept
    printed.unit::varchar as unit,                      -- ISO 4217 code, the currency in which the filing reports
    printed.period_start::date as period_start,         -- first day of the period
    printed.period_end::date as period_end,             -- last day of the period
    printed.span::varchar as span,                      -- quarter, half, nine_months, year or other, by days
    printed.period_type::varchar as period_type,        -- year, ttm, quarter or other
    printed.value::decimal(28, 6) as value,             -- figure in base units of unit
    printed.half_width::decimal(28, 6) as half_width,   -- half a rounding unit
    printed.printed_as::varchar as printed_as,          -- value as it is tagged
    printed.document_id::varchar as document_id,        -- filing
    printed.published_on::date as published_on,         -- day of filing
    printed.loaded_at::timestamp as loaded_at         -- when this warehouse knew it, UTC
from printed
