-- Revenue and gross profit of a platform over a quarter or a year, as printed for exactly that period; nothing is summed.
-- Gross profit is the printed one or revenue less cost of revenue: a dated before an undated one, then the better source, then the printed.
-- grain: platform, period_start, period_end
with figure as (
    select o.*, o.qualifier = 'exact' as is_exact
    from core.observation_latest as o
    join core.platform as p on p.platform = o.platform and p.reporting_currency = o.unit
    where o.metric in ('revenue', 'cost_of_revenue', 'gross_profit') and o.scope = ''
        and (o.period_end - o.period_start + 1 between 84 and 98 or o.period_end - o.period_start + 1 between 357 and 371)
),
span as (
    select distinct f.platform, f.period_start, f.period_end, f.unit from figure as f
),
profit as (
    select
        g.platform, g.period_start, g.period_end, g.value, g.value_low, g.value_high, g.is_exact, g.flags,
        [g.observation_id] as inputs, g.published_on, g.class_rank, true as is_printed
    from figure as g
    where g.metric = 'gross_profit'
    union all
    select
        r.platform, r.period_start, r.period_end, r.value - c.value, r.value_low - c.value_high, r.value_high - c.value_low,
        r.is_exact and c.is_exact,
        list_concat(r.flags, c.flags, if(r.is_restatement <> c.is_restatement, ['mixed_vintage'], [])),
        [r.observation_id, c.observation_id],
        if(r.published_on is null or c.published_on is null, null, greatest(r.published_on, c.published_on)),
        greatest(r.class_rank, c.class_rank), false
    from figure as r
    join figure as c on c.platform = r.platform and c.period_start = r.period_start and c.period_end = r.period_end
    where r.metric = 'revenue' and c.metric = 'cost_of_revenue'
),
best as (
    select p.*, min(p.value_high) over w < max(p.value_low) over w as disagrees
    from profit as p
    window w as (partition by p.platform, p.period_start, p.period_end)
    qualify row_number() over (
        partition by p.platform, p.period_start, p.period_end order by p.published_on is null, p.class_rank, p.is_printed desc
    ) = 1
)
select
    s.platform::varchar            as platform,               -- platform slug
    s.period_start::date           as period_start,           -- first day of the period
    s.period_end::date             as period_end,             -- last day of the period
    s.unit::varchar                as currency,               -- ISO 4217 code
    r.value::decimal(28, 6)        as revenue,                -- in currency; empty where not printed for this period
    r.value_low::decimal(28, 6)    as revenue_low,            -- least the print allows, in currency
    r.value_high::decimal(28, 6)   as revenue_high,           -- greatest the print allows, in currency
    r.is_exact::boolean            as revenue_is_exact,       -- false when it is about, at_least or at_most
    coalesce(r.flags, [])::varchar[] as revenue_flags,        -- what a reader of the revenue must know
    list_filter([r.observation_id], lambda x: x is not null)::varchar[] as revenue_inputs, -- figure of the revenue
    r.published_on::date           as revenue_known_on,       -- first day the revenue was public; empty with an undated figure
    b.value::decimal(28, 6)        as gross_profit,           -- in currency; may be negative; empty where it does not follow from prints
    b.value_low::decimal(28, 6)    as gross_profit_low,       -- least the prints allow, in currency
    b.value_high::decimal(28, 6)   as gross_profit_high,      -- greatest the prints allow, in currency
    b.is_exact::boolean            as gross_profit_is_exact,  -- false when a figure is about, at_least or at_most
    list_sort(list_distinct(list_concat(coalesce(b.flags, []), if(b.disagrees, ['recomputed_disagrees'], []))))::varchar[] as gross_profit_flags, -- what a reader of the gross profit must know
    coalesce(b.inputs, [])::varchar[] as gross_profit_inputs, -- printed gross profit, or revenue and cost of revenue
    b.published_on::date           as gross_profit_known_on   -- first day it could have been computed; empty with an undated figure
from span as s
left join figure as r
    on r.metric = 'revenue' and r.platform = s.platform and r.period_start = s.period_start and r.period_end = s.period_end
left join best as b on b.platform = s.platform and b.period_start = s.period_start and b.period_end = s.period_end
