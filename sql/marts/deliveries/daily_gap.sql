-- Data that should be there and is not: days that a platform left out, a channel that stopped, a platform later than the others.
-- Every comparison looks back 28 days and no further: who was silent for longer has ended, and begins anew.
-- grain: platform, date, channel, partnership_id, kind
-- twin: no
-- portable: yes
-- daily: date, 28
with day as (
    select m.platform, m.date from core.daily_metric as m group by m.platform, m.date
),
paced as (
    select d.platform, d.date, lag(d.date) over (partition by d.platform order by d.date) as before from day as d
),
follows as (
    select p.platform, p.date, p.before from paced as p where date_diff('day', p.before, p.date) <= 28
),
stopped as (
    select f.platform, f.date, m.channel, m.partnership_id
    from follows as f
    join core.daily_metric as m on m.platform = f.platform and m.date = f.before
    left join core.daily_metric as n on n.platform = f.platform and n.date = f.date and n.channel = m.channel and n.partnership_id = m.partnership_id
    left join core.partnership as s on s.partnership_id = m.partnership_id
    where n.platform is null and (s.ended_on is null or s.ended_on >= f.date)
),
anyone as (
    select d.date from day as d group by d.date
),
late as (
    select d.platform, a.date, max(d.date) as last_on
    from anyone as a
    join day as d on d.date between a.date - 28 and a.date
    group by d.platform, a.date
),
gap as (
    select f.platform, f.date, '' as channel, '' as partnership_id, 'day' as kind, f.before + 1 as missing_from, f.date - 1 as missing_to
    from follows as f
    where date_diff('day', f.before, f.date) > 1
    union all
    select s.platform, s.date, s.channel, s.partnership_id, 'channel', s.date, s.date
    from stopped as s
    union all
    select l.platform, l.date, '', '', 'late', l.last_on + 1, l.date
    from late as l
    where date_diff('day', l.last_on, l.date) > 2
)
select
    g.platform::varchar       as platform,       -- slug
    g.date::date              as date,           -- day on which it shows
    g.channel::varchar        as channel,        -- channel that stopped; '' for a day or a platform
    g.partnership_id::varchar as partnership_id, -- partnership that stopped and has not ended; '' is none
    g.kind::varchar           as kind,           -- day (left out between two days), channel (there the day before, now not) or late (more than two days behind the newest day of any platform)
    g.missing_from::date      as missing_from,   -- first day without data
    g.missing_to::date        as missing_to      -- last day without data, as far as is known on that day
from gap as g
