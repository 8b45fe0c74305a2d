-- Every figure and acquisition cost that a claim can be held against, as it stood on the day of each dated claim and as it stands now.
-- grain: known_day, definition, platform, metric, scope, unit, period_start, period_end
-- twin: no
with day as (
    select distinct c.published_on as known_day from core.claim as c
    where c.published_on is not null and not c.metric like 'partnership%'
),
cost as (
    select d.known_day, t.platform, t.scope, t.definition, t.period_start, t.period_end, t.cac, t.cac_low, t.cac_high, t.currency, t.validity,
        t.flags, t.input_observation_ids
    from day as d
    cross join lateral (select a.* from marts.cac_trend_as_of(d.known_day) as a) as t
    union all
    select null, n.platform, n.scope, n.definition, n.period_start, n.period_end, n.cac, n.cac_low, n.cac_high, n.currency, n.validity,
        n.flags, n.input_observation_ids
    from marts.cac_trend as n
),
printed as (
    select d.known_day, o.platform, o.metric, o.scope, o.unit, o.period_start, o.period_end, o.value, o.value_low, o.value_high, o.qualifier,
        o.flags, o.observation_id
    from day as d
    cross join lateral (select a.* from core.observation_as_of(d.known_day) as a) as o
    union all
    select null, n.platform, n.metric, n.scope, n.unit, n.period_start, n.period_end, n.value, n.value_low, n.value_high, n.qualifier,
        n.flags, n.observation_id
    from core.observation_latest as n
),
figure as (
    select c.known_day, c.definition, c.platform, 'cac' as metric, 'flow' as kind, c.scope, c.currency || '_per_person' as unit, c.period_start,
        c.period_end, c.cac as value, c.cac_low as low, c.cac_high as high, c.validity, c.flags, c.input_observation_ids as inputs
    from cost as c
    union all
    select p.known_day, 'printed_figure', p.platform, p.metric, m.kind, p.scope, p.unit, p.period_start, p.period_end,
        if(p.qualifier = 'exact', p.value, null)::double, p.value_low::double, p.value_high::double,
        if(p.qualifier = 'exact', 'ok', 'bounds_only'), p.flags, [p.observation_id]
    from printed as p
    join core.metric as m on m.metric = p.metric
)
select
    f.known_day::date      as known_day,    -- day on which the figure was asked for; empty for now
    f.definition::varchar  as definition,   -- which acquisition cost, see core.definition, or printed_figure
    f.platform::varchar    as platform,     -- platform slug
    f.metric::varchar      as metric,       -- metric slug; cac is the acquisition cost
    f.kind::varchar        as kind,         -- flow, stock or ratio: a flow is compared over the very period only
    f.scope::varchar       as scope,        -- perimeter; '' is the whole
    f.unit::varchar        as unit,         -- unit of the value
    f.period_start::date   as period_start, -- first day; empty for a point
    f.period_end::date     as period_end,   -- last day
    f.value::double        as value,        -- figure that counted that day, in unit; empty where only bounds or a reason are known
    f.low::double          as low,          -- least the printed digits allow; empty when open
    f.high::double         as high,         -- greatest the printed digits allow; empty when open
    f.validity::varchar    as validity,     -- whether there is a number, or why not, see core.term
    f.flags::varchar[]     as flags,        -- what a reader must know
    f.inputs::varchar[]    as input_observation_ids -- figures it is computed from
from figure as f
