-- Revenue or gross profit of a platform over a quarter or a year, as printed for exactly that period; nothing is summed.
-- Gross profit is the printed one or revenue less cost of revenue: a dated before an undated one, then the better source, then the printed.
-- grain: platform, metric, period_start, period_end
with figure as (
    select o.*, o.qualifier = 'exact' as is_exact
    from core.observation_latest as o
    join core.platform as p on p.platform = o.platform and p.reporting_currency = o.unit
    where o.metric in ('revenue', 'cost_of_revenue', 'gross_profit') and o.scope = ''
        and (o.period_end - o.period_start + 1 between 84 and 98 or o.period_end - o.period_start + 1 between 357 and 371)
),
income as (
    select
        f.platform, f.metric, f.period_start, f.period_end, f.unit, f.value, f.value_low, f.value_high, f.is_exact, f.flags,
        [f.observation_id] as inputs, f.published_on, f.class_rank, true as is_printed
    from figure as f
    where f.metric <> 'cost_of_revenue'
    union all
    select
        r.platform, 'gross_profit', r.period_start, r.period_end, r.unit, r.value - c.value, r.value_low - c.value_high,
        r.value_high - c.value_low, r.is_exact and c.is_exact,
        list_concat(r.flags, c.flags, if(r.is_restatement <> c.is_restatement, ['mixed_vintage'], [])),
        [r.observation_id, c.observation_id],
        if(r.published_on is null or c.published_on is null, null, greatest(r.published_on, c.published_on)),
        greatest(r.class_rank, c.class_rank), false
    from figure as r
    join figure as c on c.platform = r.platform and c.period_start = r.period_start and c.period_end = r.period_end
    where r.metric = 'revenue' and c.metric = 'cost_of_revenue'
),
best as (
    select
        i.*, coalesce(min(i.value_high) filter (where i.published_on is not null) over (
            partition by i.platform, i.metric, i.period_start, i.period_end
        ) < max(i.value_low) filter (where i.published_on is not null) over (
            partition by i.platform, i.metric, i.period_start, i.period_end
        ), false) as disagrees
    from income as i
    qualify row_number() over (
        partition by i.platform, i.metric, i.period_start, i.period_end
        order by i.published_on is null, i.class_rank, i.is_printed desc
    ) = 1
)
select
    b.platform::varchar          as platform,     -- platform slug
    b.metric::varchar            as metric,       -- revenue or gross_profit
    b.period_start::date         as period_start, -- first day of the period
    b.period_end::date           as period_end,   -- last day of the period
    b.unit::varchar              as currency,     -- ISO 4217 code
    b.value::decimal(28, 6)      as value,        -- in currency; a gross profit may be negative
    b.value_low::decimal(28, 6)  as value_low,    -- least the prints allow; empty when unbounded
    b.value_high::decimal(28, 6) as value_high,   -- greatest the prints allow; empty when unbounded
    b.is_exact::boolean          as is_exact,     -- false when a figure is about, at_least or at_most
    list_sort(list_distinct(if(b.disagrees, list_append(b.flags, 'recomputed_disagrees'), b.flags)))::varchar[] as flags, -- what a reader must know; recomputed_disagrees: the printed gross profit and revenue less cost do not meet
    b.inputs::varchar[]          as input_observation_ids, -- the printed figure, or revenue and cost of revenue
    b.published_on::date         as known_on      -- first day it could have been computed; empty with an undated figure
from best as b
