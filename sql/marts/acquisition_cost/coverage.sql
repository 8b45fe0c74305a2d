-- What is known of a metric of a platform for a period: the best source, the finest print, or that nothing was printed.
-- Gaps are periods for which the metric is usually printed, from the platform's first figure to its last.
-- grain: platform, metric, scope, unit, period_start, period_end
-- contract: prints
with figure as (
    select
        o.*, round((o.period_end + 1 - o.period_start) / 30.4375)::integer as months,
        list_sort(list_distinct(list_filter((
            select list(k.document_id) from core.observation as k
            where k.platform = o.platform and k.metric = o.metric and k.scope = o.scope and k.unit = o.unit
                and k.period_start is not distinct from o.period_start and k.period_end = o.period_end
                and k.derivation is null and (k.published_on is null) = (o.published_on is null)
        ), lambda d: d is not null))) as documents
    from core.observation_latest as o
),
wanted as (
    select p.platform, m.metric, m.unit, w.months, p.fiscal_year_end,
        w.months = 12 and m.period_rule not like '%ttm%' as fiscal_only
    from core.platform as p
    cross join core.metric as m
    cross join (values (3, '%quarter%'), (12, '%year%'), (12, '%ttm%')) as w(months, pattern)
    where m.period_rule like w.pattern and m.period_rule not like '%half%' and not (w.pattern = '%year%' and m.period_rule like '%ttm%')
        and (m.metric in ('sm_expense', 'annual_active_buyers') and p.role = 'supply' or exists (
            select 1 from figure as f where f.platform = p.platform and f.metric = m.metric and f.months = w.months))
),
life as (
    select f.platform, min(f.period_end) as first_end, max(f.period_end) as last_end
    from figure as f
    where f.period_start is not null
    group by f.platform
),
calendar as (
    select l.platform, (last_day(q.month_start))::date as period_end
    from life as l
    cross join lateral (
        select unnest(generate_series(date_trunc('quarter', l.first_end)::date + to_months(2), l.last_end, to_months(3))) as month_start
    ) as q
),
gap as (
    select w.platform, w.metric, w.unit, (c.period_end + 1 - to_months(w.months))::date as period_start, c.period_end
    from wanted as w
    join calendar as c on c.platform = w.platform
    where (not w.fiscal_only or month(c.period_end) = split_part(w.fiscal_year_end, '-', 1)::integer)
        and not exists (
            select 1 from figure as f
            where f.platform = w.platform and f.metric = w.metric and f.months = w.months and abs(f.period_end - c.period_end) <= 15)
),
covered as (
    select f.platform, f.metric, f.scope, f.unit, f.period_start, f.period_end, if(f.qualifier = 'exact', 'figure', 'bound') as status,
        f.source_class, f.derivation is not null as is_derived, f.rounding_half_width, f.value, f.document_id, f.documents, f.published_on
    from figure as f
    union all
    select g.platform, g.metric, '', g.unit, g.period_start, g.period_end, 'gap', null, false, null, null, null, [], null
    from gap as g
)
select
    c.platform::varchar       as platform,            -- platform slug
    c.metric::varchar         as metric,              -- metric slug
    c.scope::varchar          as scope,               -- perimeter; '' is the whole, and every perimeter for a gap
    c.unit::varchar           as unit,                -- unit of the figure
    c.period_start::date      as period_start,        -- first day of the period; empty for a point
    c.period_end::date        as period_end,          -- last day of the period
    c.status::varchar         as status,              -- what is known, see core.term
    c.source_class::varchar   as source_class,        -- kind of the document that counts; empty for a gap
    c.is_derived::boolean     as is_derived,          -- whether the level follows from a printed increase
    c.value::decimal(28, 6)   as value,               -- figure that counts, in unit; empty for a gap
    c.rounding_half_width::decimal(28, 6) as rounding_half_width, -- half a unit of the last digit of the finest print, in unit
    c.document_id::varchar    as document_id,         -- document that counts; empty for a gap
    coalesce(c.documents, [])::varchar[] as documents, -- documents that print the quantity; empty for a gap and a derived level
    c.published_on::date      as known_on             -- first day the figure was public; empty for a gap or an undated document
from covered as c
