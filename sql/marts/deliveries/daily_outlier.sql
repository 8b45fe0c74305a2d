-- A daily figure that is out of line with the same weekday of the eight weeks before: a peak to explain, or an error to mend.
-- Out of line is further from their median than five times their usual distance from it, which is taken as at least the noise of a
-- count (its root) and a twentieth of the median. With fewer than four of the eight weeks, or usually fewer than 20 orders a day,
-- chance alone moves figures so far: nothing is judged.
-- grain: platform, date, channel, partnership_id, metric
-- twin: no
-- portable: yes
-- daily: date, 56
-- contract: deliveries
with figure as (
    select m.platform, m.date, m.channel, m.partnership_id, 'orders' as metric, cast(m.orders as double) as value, cast(m.orders as double) as orders from core.daily_metric as m
    union all
    select m.platform, m.date, m.channel, m.partnership_id, 'new_buyers', cast(m.new_buyers as double), cast(m.orders as double) from core.daily_metric as m
    union all
    select m.platform, m.date, m.channel, m.partnership_id, 'gmv', cast(m.gmv as double), cast(m.orders as double) from core.daily_metric as m
    union all
    select m.platform, m.date, m.channel, m.partnership_id, 'marketing_spend', cast(m.marketing_spend as double), cast(m.orders as double) from core.daily_metric as m
),
lag as (
    select l.days from (values (7), (14), (21), (28), (35), (42), (49), (56)) as l(days)
),
earlier as (
    select f.platform, f.channel, f.partnership_id, f.metric, f.date + l.days as date, f.value, f.orders
    from figure as f
    cross join lag as l
    where f.value is not null
),
middle as (
    select e.platform, e.date, e.channel, e.partnership_id, e.metric, median(cast(e.value as double)) as usual, median(cast(e.orders as double)) as usual_orders, count(*) as weeks
    from earlier as e
    group by e.platform, e.date, e.channel, e.partnership_id, e.metric
),
distance as (
    select e.platform, e.date, e.channel, e.partnership_id, e.metric, median(cast(abs(e.value - m.usual) as double)) as mad
    from earlier as e
    join middle as m
        on m.platform = e.platform and m.date = e.date and m.channel = e.channel and m.partnership_id = e.partnership_id and m.metric = e.metric
    group by e.platform, e.date, e.channel, e.partnership_id, e.metric
),
judged as (
    select
        f.platform, f.date, f.channel, f.partnership_id, f.metric, f.value, m.usual, m.usual_orders, m.weeks,
        greatest(1.4826 * d.mad, 0.05 * m.usual, case when f.metric in ('orders', 'new_buyers') then sqrt(m.usual) else 0 end) as spread
    from figure as f
    join middle as m
        on m.platform = f.platform and m.date = f.date and m.channel = f.channel and m.partnership_id = f.partnership_id and m.metric = f.metric
    join distance as d
        on d.platform = f.platform and d.date = f.date and d.channel = f.channel and d.partnership_id = f.partnership_id and d.metric = f.metric
)
select
    j.platform::varchar       as platform,       -- slug
    j.date::date              as date,           -- day
    j.channel::varchar        as channel,        -- channel; '' is the total
    j.partnership_id::varchar as partnership_id, -- partnership; '' is none
    j.metric::varchar         as metric,         -- orders, new_buyers, gmv or marketing_spend
    j.value::double           as value,          -- figure of the day: persons, orders or the platform's currency
    j.usual::double           as usual,          -- median of the same weekday in the eight weeks before, in the same unit
    j.weeks::bigint           as weeks,          -- of the eight weeks, those with a figure
    j.spread::double          as spread,         -- usual distance from that median, in the same unit
    (case when j.spread > 0 then (j.value - j.usual) / j.spread end)::double as spreads_off -- how many of these it is off; empty where the figure was always 0
from judged as j
where j.weeks >= 4 and coalesce(j.usual_orders, 20) >= 20 and abs(j.value - j.usual) > 5 * j.spread
