-- The days of a platform whose orders have come: each with an order, and each of the 90 days behind one that another
-- order follows within a year of it.
-- After the last order a day has no row: its orders may not have come yet. Whether a day without an order had none or
-- was not delivered is not said here; core.order_silence does.
-- group: daily_figures
-- grain: platform, date
-- twin: no
-- portable: yes
-- daily: date, 90, 366
with ordered as (
    select
        order_day.platform,
        order_day.date
    from core.order_day as order_day
    where order_day.channel = '' and order_day.partnership_id = ''
    group by order_day.platform, order_day.date
),
paced as (
    select
        ordered.platform,
        ordered.date,
        lead(ordered.date) over (partition by ordered.platform order by ordered.date) as next_on
    from ordered
),
digit as (
    select listed.number from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as listed (number)
),
ahead as (
    select tens.number * 10 + ones.number as days
    from digit as tens
    cross join digit as ones
    where tens.number * 10 + ones.number <= 90
)
select
    paced.platform::varchar as platform,       -- slug
    (paced.date + ahead.days)::date as date,   -- day, UTC
    (ahead.days = 0)::boolean as has_orders    -- whether an order was placed on it
from paced
join
    ahead
    on
        ahead.days = 0
        or (
            ahead.days < date_diff('day', paced.date, paced.next_on)
            and date_diff('day', paced.date, paced.next_on) <= 366
        )
