-- Days without an order between two days with them: the feed goes on, and so they have none, which is 0.
-- The total is silent for seven days at most, a channel or partnership for 28 on which the total is known: a longer
-- silence is a gap in what was delivered.
-- group: daily_figures
-- grain: platform, date, channel, partnership_id
-- twin: no
-- portable: yes
-- daily: date, 35, 35
with ordered as (
    select
        order_day.platform,
        order_day.channel,
        order_day.partnership_id,
        order_day.date,
        bool_or(order_day.is_simulated) as is_simulated,
        max(order_day.loaded_at) as loaded_at
    from core.order_day as order_day
    group by order_day.platform, order_day.channel, order_day.partnership_id, order_day.date
),
paced as (
    select
        ordered.*,
        lead(ordered.date) over (
            partition by ordered.platform, ordered.channel, ordered.partnership_id order by ordered.date
        ) as next_date,
        lead(ordered.is_simulated) over (
            partition by ordered.platform, ordered.channel, ordered.partnership_id order by ordered.date
        ) as next_simulated,
        lead(ordered.loaded_at) over (
            partition by ordered.platform, ordered.channel, ordered.partnership_id order by ordered.date
        ) as next_loaded_at
    from ordered
),
digit as (
    select listed.number from (values (0), (1), (2), (3), (4), (5), (6)) as listed (number)
),
ahead as (
    select tens.number * 7 + ones.number + 1 as days
    from digit as tens
    cross join digit as ones
    where tens.number <= 3
),
silent as (
    select
        paced.platform,
        paced.channel,
        paced.partnership_id,
        paced.date + ahead.days as date,
        paced.date as before,
        paced.next_date as after,
        paced.channel = '' and paced.partnership_id = '' as is_total,
        paced.is_simulated or paced.next_simulated as is_simulated,
        greatest(paced.loaded_at, paced.next_loaded_at) as loaded_at
    from paced
    join ahead on ahead.days < date_diff('day', paced.date, paced.next_date)
    where
        date_diff('day', paced.date, paced.next_date)
        <= case when paced.channel = '' and paced.partnership_id = '' then 8 else 29 end
),
known as (
    select
        ordered.platform,
        ordered.date
    from ordered
    where ordered.channel = '' and ordered.partnership_id = ''
    union all
    select
        silent.platform,
        silent.date
    from silent
    where silent.is_total
)
select
    silent.platform::varchar as platform,              -- slug
    silent.date::date as date,                         -- day without an order, UTC
    silent.channel::varchar as channel,                -- channel; '' is the total of all orders
    silent.partnership_id::varchar as partnership_id,  -- partnership that brings them; '' is none
    silent.before::date as before,                     -- day of the last order before it
    silent.after::date as after,                       -- day of the first order after it
    silent.is_simulated::boolean as is_simulated,      -- true where the orders are made up, for a demo
    silent.loaded_at::timestamp as loaded_at         -- when this warehouse knew both, UTC
from silent
join known on known.platform = silent.platform and known.date = silent.date
