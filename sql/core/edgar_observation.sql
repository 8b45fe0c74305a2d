-- A figure of a filing, or one that follows from two of them: a quarter or half is a longer period less its beginning.
-- Only figures of one vintage and one concept are subtracted: nothing of the concept was restated between the two filings.
-- grain: observation_id
with earliest as (
    select v.* from core.edgar_figure as v
    qualify row_number() over (
        partition by v.platform, v.metric, v.taxonomy, v.concept, v.unit, v.period_start, v.period_end, v.vintage
        order by v.published_on, v.document_id
    ) = 1
),
derived as (
    select
        l.* replace (
            'xbrl_' || substr(md5(concat_ws('|', l.observation_id, s.observation_id)), 1, 16) as observation_id,
            (s.period_end + 1)::date as period_start, if(l.period_end - s.period_end < 100, 'quarter', 'other') as period_type,
            l.value - s.value as value, l.half_width + s.half_width as half_width,
            if(l.published_on < s.published_on, s.document_id, l.document_id) as document_id,
            greatest(l.published_on, s.published_on) as published_on, greatest(l.loaded_at, s.loaded_at) as loaded_at,
            l.printed_as || ' - ' || s.printed_as as printed_as),
        l.span || '_less_' || s.span as derivation, [l.observation_id, s.observation_id] as derived_from
    from earliest as l
    join earliest as s
        on s.platform = l.platform and s.metric = l.metric and s.taxonomy = l.taxonomy and s.concept = l.concept and s.unit = l.unit
        and s.vintage = l.vintage and s.period_start = l.period_start and s.period_end < l.period_end
    where (l.span, s.span) in (('year', 'nine_months'), ('year', 'half'), ('nine_months', 'half'), ('half', 'quarter'))
        and l.period_type <> 'ttm'
        and (l.period_end - s.period_end between 84 and 98 or (s.span = 'half' and l.period_end - s.period_end between 175 and 190))
        and (l.value >= s.value or not l.is_spent)
),
figure as (
    select e.*, null as derivation, []::varchar[] as derived_from from core.edgar_figure as e
    union all by name
    select d.* from derived as d
)
select
    f.observation_id::varchar      as observation_id, -- stable identifier of the figure
    f.platform::varchar            as platform,       -- platform slug
    f.metric::varchar              as metric,         -- metric slug
    ''::varchar                    as scope,          -- perimeter: facts without dimensions are the whole company's
    f.period_type::varchar         as period_type,    -- year, ttm, quarter or other
    f.period_start::date           as period_start,   -- first day of the period
    f.period_end::date             as period_end,     -- last day of the period
    f.value::decimal(28, 6)        as value,          -- figure in base units of unit
    f.half_width::decimal(28, 6)   as half_width,     -- half a rounding unit; of a derived figure the sum of both
    f.unit::varchar                as unit,           -- ISO 4217 code
    'exact'::varchar               as qualifier,      -- a filing states figures, no bounds
    if(f.taxonomy = 'ifrs-full', 'ifrs', 'gaap')::varchar as basis, -- gaap or ifrs
    f.document_id::varchar         as document_id,    -- filing; of a derived figure, the later of its two
    (f.taxonomy || ':' || f.concept)::varchar as locator, -- concept
    f.printed_as::varchar          as printed_as,     -- value as it is tagged; of a derived figure, both
    f.derivation::varchar          as derivation,     -- empty, or how it follows from derived_from
    f.derived_from::varchar[]      as derived_from,   -- observations it follows from: longer period, its beginning
    f.published_on::date           as published_on,   -- day of filing; of a derived figure, the later of its two
    f.loaded_at::timestamptz       as loaded_at       -- when this warehouse knew it
from figure as f
