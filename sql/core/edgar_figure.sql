-- A figure of a filing in the currency it reports in, told by the first of the concepts that tell the metric.
-- Figures of one concept with one vintage can be added and subtracted: nothing of it was restated between their filings.
-- grain: observation_id
with printed as (
    select f.* from core.edgar_fact as f
    where f.unit = f.filing_currency
    qualify row_number() over (
        partition by f.platform, f.metric, f.unit, f.period_start, f.period_end, f.document_id
        order by f.priority, f.taxonomy, f.concept
    ) = 1
),
compared as (
    select
        p.*, 'xbrl_' || substr(md5(concat_ws('|', p.platform, p.metric, p.taxonomy, p.concept, p.unit, p.period_start, p.period_end,
            p.document_id)), 1, 16) as observation_id,
        coalesce(abs(p.value - lag(p.value) over w) > p.half_width + lag(p.half_width) over w, false) as is_news
    from printed as p
    window w as (
        partition by p.platform, p.metric, p.taxonomy, p.concept, p.unit, p.period_start, p.period_end
        order by p.published_on, p.document_id
    )
),
vintage as (
    select
        c.*, count(*) filter (where c.is_news) over (
            partition by c.platform, c.metric, c.taxonomy, c.concept, c.unit order by c.published_on) as vintage
    from compared as c
)
select
    v.observation_id::varchar    as observation_id, -- stable identifier of the figure
    v.platform::varchar          as platform,       -- platform slug
    v.metric::varchar            as metric,         -- metric slug
    v.taxonomy::varchar          as taxonomy,       -- us-gaap or ifrs-full
    v.concept::varchar           as concept,        -- XBRL concept
    v.unit::varchar              as unit,           -- ISO 4217 code, the currency in which the filing reports
    v.period_start::date         as period_start,   -- first day of the period
    v.period_end::date           as period_end,     -- last day of the period
    v.span::varchar              as span,           -- quarter, half, nine_months, year or other, by days
    v.period_type::varchar       as period_type,    -- year, ttm, quarter or other
    v.value::decimal(28, 6)      as value,          -- figure in base units of unit
    v.half_width::decimal(28, 6) as half_width,     -- half a rounding unit
    v.is_spent::boolean          as is_spent,       -- whether it is an amount spent, which is never negative
    v.is_news::boolean           as is_news,        -- whether an earlier filing told it otherwise
    v.vintage::integer           as vintage,        -- how many figures of the concept had been restated by the day of filing
    v.printed_as::varchar        as printed_as,     -- value as it is tagged
    v.document_id::varchar       as document_id,    -- filing
    v.published_on::date         as published_on,   -- day of filing
    v.loaded_at::timestamptz     as loaded_at       -- when this warehouse knew it
from vintage as v
