-- How low and how high the mean may be where as many new buyers came as in a span that ends on the day: the exact
-- two-sided 95 % interval of Garwood.
-- Below 20 it is in core.poisson_interval; from 20 on a formula (Cornish and Fisher) has a relative error below 0.00001
-- (tests/values/test_poisson.py).
-- group: daily_figures
-- grain: date, events
-- twin: no
-- portable: yes
-- daily: date
with counted as (
    select
        period.date,
        period.new_buyers as events
    from steps.partnership_period as period
    where period.new_buyers >= 0
    union
    select
        period.date,
        period.new_buyers
    from steps.channel_period as period
    where period.new_buyers >= 0
    union
    select
        period.date,
        period.new_buyers_kept
    from steps.channel_period as period
    where period.new_buyers_kept >= 0
),
rooted as (
    select
        counted.date,
        counted.events,
        cast(counted.events as double) as won,
        sqrt(cast(counted.events as double)) as low_root,
        sqrt(cast(counted.events as double) + 1) as high_root,
        exact.low as exact_low,
        exact.high as exact_high
    from counted
    left join core.poisson_interval as exact on exact.events = counted.events
)
select
    rooted.date::date as date,        -- last day of the spans
    rooted.events::bigint as events,  -- new buyers counted
    coalesce(
        rooted.exact_low,
        rooted.won
        - 1.959963984540054e0 * rooted.low_root
        + 0.9471529402313751e0
        + 0.17196185986461623e0 / nullif(rooted.low_root, 0)
        - 0.06809954241743825e0 / nullif(rooted.won, 0)
        - 0.03444176509221394e0 / nullif(rooted.won * rooted.low_root, 0)
    )::double as low,                 -- least mean that the count allows, 95 %
    coalesce(
        rooted.exact_high,
        rooted.won
        + 1
        + 1.959963984540054e0 * rooted.high_root
        + 0.9471529402313751e0
        - 0.17196185986461623e0 / rooted.high_root
        - 0.06809954241743825e0 / (rooted.won + 1) + 0.03444176509221394e0 / ((rooted.won + 1) * rooted.high_root)
    )::double as high                 -- greatest mean that the count allows, 95 %
from rooted
