-- Data that should be there and is not: days that a platform left out, a channel that stopped, a platform later than
-- the others, orders that do not go on while other figures do.
-- Every comparison looks back 28 days and no further: who was silent for longer has ended, and begins anew.
-- grain: platform, date, channel, partnership_id, kind
-- twin: no
-- portable: yes
-- daily: date, 28
with day as (
    select
        was_there.platform,
        was_there.date
    from core.daily_metric as was_there
    group by was_there.platform, was_there.date
),
paced as (
    select
        day.platform,
        day.date,
        lag(day.date) over (partition by day.platform order by day.date) as before
    from day
),
follows as (
    select
        paced.platform,
        paced.date,
        paced.before
    from paced
    where date_diff('day', paced.before, paced.date) <= 28
),
stopped as (
    select
        follows.platform,
        follows.date,
        was_there.channel,
        was_there.partnership_id
    from follows
    join core.daily_metric as was_there on was_there.platform = follows.platform and was_there.date = follows.before
    left join
        core.daily_metric as now_there
        on
            now_there.platform = follows.platform
            and now_there.date = follows.date
            and now_there.channel = was_there.channel
            and now_there.partnership_id = was_there.partnership_id
    left join core.partnership as partnership on partnership.partnership_id = was_there.partnership_id
    where
        now_there.platform is null
        and was_there.channel <> 'unattributed'
        and (partnership.ended_on is null or partnership.ended_on >= follows.date)
),
anyone as (
    select day.date from day
    group by day.date
),
late as (
    select
        day.platform,
        anyone.date,
        max(day.date) as last_on
    from anyone
    join day on day.date between anyone.date - 28 and anyone.date
    group by day.platform, anyone.date
),
-- The last day known of the orders, by the days of the platform's other figures.
fed as (
    select
        orders.platform,
        orders.date
    from core.order_day as orders
    where orders.channel = '' and orders.partnership_id = ''
    group by orders.platform, orders.date
),
unfed as (
    select
        day.platform,
        day.date,
        max(fed.date) as last_on
    from day
    join fed on fed.platform = day.platform and fed.date between day.date - 28 and day.date
    group by day.platform, day.date
),
gap as (
    select
        follows.platform,
        follows.date,
        '' as channel,
        '' as partnership_id,
        'day' as kind,
        follows.before + 1 as missing_from,
        follows.date - 1 as missing_to
    from follows
    where date_diff('day', follows.before, follows.date) > 1
    union all
    select
        stopped.platform,
        stopped.date,
        stopped.channel,
        stopped.partnership_id,
        'channel',
        stopped.date,
        stopped.date
    from stopped
    union all
    select
        late.platform,
        late.date,
        '',
        '',
        'late',
        late.last_on + 1,
        late.date
    from late
    where date_diff('day', late.last_on, late.date) > 2
    union all
    select
        unfed.platform,
        unfed.date,
        '',
        '',
        'orders',
        unfed.last_on + 1,
        unfed.date
    from unfed
    left join
        core.order_silence as silence
        on
            silence.platform = unfed.platform
            and silence.date = unfed.date
            and silence.channel = ''
            and silence.partnership_id = ''
    where date_diff('day', unfed.last_on, unfed.date) > 2 and silence.platform is null
)
select
    gap.platform::varchar as platform,              -- slug
    gap.date::date as date,                         -- day on which it shows
    gap.channel::varchar as channel,                -- channel that stopped; '' for a day or a platform
    gap.partnership_id::varchar as partnership_id,  -- partnership that stopped and has not ended; '' is none
    gap.kind::varchar as kind,
    -- day (left out between two days), channel (there the day before, now not), late (more than two days behind the
    -- newest day of any platform) or orders (no order for more than two days while other figures go on)
    gap.missing_from::date as missing_from,         -- first day without data
    gap.missing_to::date as missing_to              -- last day without data, as far as is known on that day
from gap
