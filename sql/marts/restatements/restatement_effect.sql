-- What a restatement did to an acquisition cost: the row of marts.cac_trend the day before and on the day, where it moved.
-- Rows that rested on the figure on both days. One that rests on several figures restated that day stands once for each of them.
-- grain: platform, metric, scope, unit, period_start, period_end, restated_on, row_id
-- twin: no
-- contract: vintages
with day as (
    select distinct s.restated_on, s.restated_on + v.days as told_on, v.days = 0 as is_after
    from marts.restatement_step as s
    cross join (values (-1), (0)) as v(days)
),
told as (
    select d.restated_on, d.is_after, t.* from day as d, marts.cac_trend_as_of(d.told_on) as t
),
resting as (
    select t.restated_on, t.row_id, f.platform, f.metric, f.scope, f.unit, f.period_start, f.period_end
    from (
        select t.restated_on, t.row_id, t.is_after, unnest(list_concat(t.input_observation_ids, flatten((
            select list(o.derived_from) from core.observation as o where list_contains(t.input_observation_ids, o.observation_id)
        )))) as observation_id
        from told as t
    ) as t
    join core.observation as f on f.observation_id = t.observation_id
    group by all
    having count(distinct t.is_after) = 2
),
moved as (
    select
        s.*, a.row_id, a.definition, a.scope as buyers_scope, a.period_start as row_start, a.period_end as row_end, a.currency,
        b.spend as spend_before, a.spend as spend_after, b.cac as cac_before, a.cac as cac_after, b.cac_low as low_before,
        b.cac_high as high_before, a.cac_low as low_after, a.cac_high as high_after, b.validity as validity_before,
        a.validity as validity_after, count(*) over (partition by s.restated_on, a.row_id) as figures
    from marts.restatement_step as s
    join resting as r
        on r.restated_on = s.restated_on and r.platform = s.platform and r.metric = s.metric and r.scope = s.scope
        and r.unit = s.unit and r.period_start is not distinct from s.period_start and r.period_end = s.period_end
    join told as a on a.restated_on = s.restated_on and a.row_id = r.row_id and a.is_after
    join told as b on b.restated_on = s.restated_on and b.row_id = r.row_id and not b.is_after
    where row(a.spend, a.cac, a.cac_low, a.cac_high, a.validity) is distinct from row(b.spend, b.cac, b.cac_low, b.cac_high, b.validity)
)
select
    m.platform::varchar              as platform,        -- platform slug
    m.metric::varchar                as metric,          -- metric that was restated
    m.scope::varchar                 as scope,           -- perimeter of the restated figure; '' is the whole
    m.unit::varchar                  as unit,            -- unit of the restated figure
    m.period_start::date             as period_start,    -- first day of the restated period
    m.period_end::date               as period_end,      -- last day of the restated period
    m.restated_on::date              as restated_on,     -- day on which the new figure was first public
    m.row_id::varchar                as row_id,          -- row of marts.cac_trend that moved
    m.definition::varchar            as definition,      -- its definition of acquisition cost
    m.buyers_scope::varchar          as row_scope,       -- its perimeter of the buyer count
    m.row_start::date                as row_start,       -- first day of its window
    m.row_end::date                  as row_end,         -- last day of its window
    m.spend_before::decimal(28, 6)   as spend_before,    -- its spend the day before, in currency
    m.spend_after::decimal(28, 6)    as spend_after,     -- its spend on the day, in currency
    m.cac_before::double             as cac_before,      -- acquisition cost the day before; empty where validity_before is a null reason
    m.cac_after::double              as cac_after,       -- acquisition cost on the day; empty where validity_after is a null reason
    (100 * (m.cac_after / nullif(m.cac_before, 0) - 1))::double as change_pct, -- change of the acquisition cost, percent
    m.low_before::double             as cac_low_before,  -- least the prints allowed the day before
    m.high_before::double            as cac_high_before, -- greatest the prints allowed the day before
    m.low_after::double              as cac_low_after,   -- least the prints allow on the day
    m.high_after::double             as cac_high_after,  -- greatest the prints allow on the day
    m.currency::varchar              as currency,        -- ISO 4217 code
    m.validity_before::varchar       as validity_before, -- validity the day before
    m.validity_after::varchar        as validity_after,  -- validity on the day
    m.figures::integer               as figures_restated -- how many figures restated that day the row rests on
from moved as m
