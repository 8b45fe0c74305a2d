-- A figure of a filing, or one that follows from two of them: a quarter or half is a longer period less its beginning.
-- Only figures of one vintage and one concept are subtracted: nothing of the concept was restated between the two
-- filings.
-- grain: observation_id
with earliest as (
    select figure.* from core.edgar_figure as figure
    qualify row_number() over (
        partition by
            figure.platform,
            figure.metric,
            figure.taxonomy,
            figure.concept,
            figure.unit,
            figure.period_start,
            figure.period_end,
            figure.vintage
        order by figure.published_on, figure.document_id
    ) = 1
),
derived as (
    select
        longer.* replace (
            'xbrl_'
            || substr(md5(concat_ws('|', longer.observation_id, shorter.observation_id)), 1, 16) as observation_id,
            (shorter.period_end + 1)::date as period_start,
            if(longer.period_end - shorter.period_end < 100, 'quarter', 'other') as period_type,
            longer.value - shorter.value as value, longer.half_width + shorter.half_width as half_width,
            if(longer.published_on < shorter.published_on, shorter.document_id, longer.document_id) as document_id,
            known_on(longer.published_on, shorter.published_on) as published_on,
            greatest(longer.loaded_at, shorter.loaded_at) as loaded_at,
            longer.printed_as || ' - ' || shorter.printed_as as printed_as
        ),
        longer.span || '_less_' || shorter.span as derivation,
        [longer.observation_id, shorter.observation_id] as derived_from
    from earliest as longer
    join earliest as shorter
        on
            shorter.platform = longer.platform
            and shorter.metric = longer.metric
            and shorter.taxonomy = longer.taxonomy
            and shorter.concept = longer.concept
            and shorter.unit = longer.unit
            and shorter.vintage = longer.vintage
            and shorter.period_start = longer.period_start
            and shorter.period_end < longer.period_end
    where
        (longer.span, shorter.span) in (
            ('year', 'nine_months'), ('year', 'half'), ('nine_months', 'half'), ('half', 'quarter')
        )
        and longer.period_type <> 'ttm'
        and (
            span_kind(longer.period_end - shorter.period_end) = 'quarter'
            or (shorter.span = 'half' and span_kind(longer.period_end - shorter.period_end) = 'half')
        )
        and (longer.value >= shorter.value or not longer.is_spent)
),
figure as (
    select
        figure.*,
        null as derivation,
        []::varchar[] as derived_from
    from core.edgar_figure as figure
    union all by name
    select derived.* from derived
)
select
    figure.observation_id::varchar as observation_id,  -- stable identifier of the figure
    figure.platform::varchar as platform,              -- platform slug
    figure.metric::varchar as metric,                  -- metric slug
    ''::varchar as scope,                              -- perimeter: facts without dimensions are the whole company's
    figure.period_type::varchar as period_type,        -- year, ttm, quarter or other
    figure.period_start::date as period_start,         -- first day of the period
    figure.period_end::date as period_end,             -- last day of the period
    figure.value::decimal(28, 6) as value,             -- figure in base units of unit
    figure.half_width::decimal(28, 6) as half_width,   -- half a rounding unit; of a derived figure the sum of both
    figure.unit::varchar as unit,                      -- ISO 4217 code
    'exact'::varchar as qualifier,                     -- a filing states figures, no bounds
    if(figure.taxonomy = 'ifrs-full', 'ifrs', 'gaap')::varchar as basis,  -- gaap or ifrs
    figure.document_id::varchar as document_id,        -- filing; of a derived figure, the later of its two
    (figure.taxonomy || ':' || figure.concept)::varchar as locator,  -- concept
    figure.printed_as::varchar as printed_as,          -- value as it is tagged; of a derived figure, both
    figure.derivation::varchar as derivation,          -- empty, or how it follows from derived_from
    figure.derived_from::varchar[] as derived_from,    -- observations it follows from: longer period, its beginning
    figure.published_on::date as published_on,         -- day of filing; of a derived figure, the later of its two
    figure.loaded_at::timestamptz as loaded_at         -- when this warehouse knew it
from figure
