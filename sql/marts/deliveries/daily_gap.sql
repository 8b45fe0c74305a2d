-- Data that should be there and is not: days that a platform left out, a channel that stopped, a platform later than
-- the others.
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
    where now_there.platform is null and (partnership.ended_on is null or partnership.ended_on >= follows.date)
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
)
select
    gap.platform::varchar as platform,              -- slug
    gap.date::date as date,                         -- day on which it shows
    gap.channel::varchar as channel,                -- channel that stopped; '' for a day or a platform
    gap.partnership_id::varchar as partnership_id,  -- partnership that stopped and has not ended; '' is none
    gap.kind::varchar as kind,
    -- day (left out between two days), channel (there the day before, now not) or late (more than two days behind the
    -- newest day of any platform)
    gap.missing_from::date as missing_from,         -- first day without data
    gap.missing_to::date as missing_to              -- last day without data, as far as is known on that day
from gap
