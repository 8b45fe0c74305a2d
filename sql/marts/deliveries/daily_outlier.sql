-- A daily figure that is out of line with the same weekday of the eight weeks before: a peak to explain, or an error to
-- mend.
-- Out of line is further from their median than five times their usual distance from it, which is taken as at least the
-- noise of a count (its root) and a twentieth of the median. With fewer than four of the eight weeks, or usually fewer
-- than 20 orders a day, chance alone moves figures so far: nothing is judged.
-- grain: platform, date, channel, partnership_id, metric
-- twin: no
-- portable: yes
-- daily: date, 56
-- contract: deliveries
with figure as (
    select
        daily.platform,
        daily.date,
        daily.channel,
        daily.partnership_id,
        'orders' as metric,
        cast(daily.orders as double) as value,
        cast(daily.orders as double) as orders
    from core.daily_metric as daily
    union all
    select
        daily.platform,
        daily.date,
        daily.channel,
        daily.partnership_id,
        'new_buyers',
        cast(daily.new_buyers as double),
        cast(daily.orders as double)
    from core.daily_metric as daily
    union all
    select
        daily.platform,
        daily.date,
        daily.channel,
        daily.partnership_id,
        'gmv',
        cast(daily.gmv as double),
        cast(daily.orders as double)
    from core.daily_metric as daily
    union all
    select
        daily.platform,
        daily.date,
        daily.channel,
        daily.partnership_id,
        'marketing_spend',
        cast(daily.marketing_spend as double),
        cast(daily.orders as double)
    from core.daily_metric as daily
),
lag as (
    select listed.days from (values (7), (14), (21), (28), (35), (42), (49), (56)) as listed (days)
),
earlier as (
    select
        figure.platform,
        figure.channel,
        figure.partnership_id,
        figure.metric,
        figure.date + lag.days as date,
        figure.value,
        figure.orders
    from figure
    cross join lag
    where figure.value is not null
),
middle as (
    select
        earlier.platform,
        earlier.date,
        earlier.channel,
        earlier.partnership_id,
        earlier.metric,
        median(cast(earlier.value as double)) as usual,
        median(cast(earlier.orders as double)) as usual_orders,
        count(*) as weeks
    from earlier
    group by earlier.platform, earlier.date, earlier.channel, earlier.partnership_id, earlier.metric
),
distance as (
    select
        earlier.platform,
        earlier.date,
        earlier.channel,
        earlier.partnership_id,
        earlier.metric,
        median(cast(abs(earlier.value - middle.usual) as double)) as mad
    from earlier
    join middle
        on
            middle.platform = earlier.platform
            and middle.date = earlier.date
            and middle.channel = earlier.channel
            and middle.partnership_id = earlier.partnership_id
            and middle.metric = earlier.metric
    group by earlier.platform, earlier.date, earlier.channel, earlier.partnership_id, earlier.metric
),
judged as (
    select
        figure.platform,
        figure.date,
        figure.channel,
        figure.partnership_id,
        figure.metric,
        figure.value,
        middle.usual,
        middle.usual_orders,
        middle.weeks,
        greatest(
            1.4826 * distance.mad,
            0.05 * abs(middle.usual),
            case when figure.metric in ('orders', 'new_buyers') then sqrt(middle.usual) else 0 end
        ) as spread
    from figure
    join middle
        on
            middle.platform = figure.platform
            and middle.date = figure.date
            and middle.channel = figure.channel
            and middle.partnership_id = figure.partnership_id
            and middle.metric = figure.metric
    join distance
        on
            distance.platform = figure.platform
            and distance.date = figure.date
            and distance.channel = figure.channel
            and distance.partnership_id = figure.partnership_id
            and distance.metric = figure.metric
)
select
    judged.platform::varchar as platform,              -- slug
    judged.date::date as date,                         -- day
    judged.channel::varchar as channel,                -- channel; '' is the total
    judged.partnership_id::varchar as partnership_id,  -- partnership; '' is none
    judged.metric::varchar as metric,                  -- orders, new_buyers, gmv or marketing_spend
    judged.value::double as value,                     -- figure of the day: persons, orders or the platform's currency
    judged.usual::double as usual,  -- median of the same weekday in the eight weeks before, in the same unit
    judged.weeks::bigint as weeks,                     -- of the eight weeks, those with a figure
    judged.spread::double as spread,                   -- usual distance from that median, in the same unit
    (case when judged.spread > 0 then (judged.value - judged.usual) / judged.spread end)::double as spreads_off
    -- how many of these it is off; empty where the figure was always 0
from judged
where
    judged.weeks >= 4
    and coalesce(judged.usual_orders, 20) >= 20
    and abs(judged.value - judged.usual) > 5 * judged.spread
