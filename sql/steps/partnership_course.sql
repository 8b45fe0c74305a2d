-- How far a target of a partnership has come: what its days brought, what share of the way lies behind, and how the days scatter.
-- A seasonal target builds up like the platform's total of the same days a year before; where these are not all known, like a linear one.
-- grain: platform, partnership_id, metric, period_start
-- twin: no
with last as (
    select d.platform, max(d.currency) as currency, max(d.date) as last_on
    from marts.partnership_day as d
    group by d.platform
),
deal as (
    select distinct d.platform, d.partnership_id, l.currency, l.last_on, p.effective_on, p.ended_on
    from marts.partnership_day as d
    join last as l on l.platform = d.platform
    left join core.partnership as p on p.partnership_id = d.partnership_id
    where d.partnership_id <> ''
),
agreed as (
    select v.*, d.platform, d.effective_on, d.ended_on, least(v.period_end, d.last_on) as through_on, v.metric = 'net_gmv' and v.currency <> d.currency as is_abroad
    from core.partner_target_version as v
    join deal as d on d.partnership_id = v.partnership_id
    where v.is_current
),
spine as (
    select a.*, g.day::date as day, (g.day - interval 1 year)::date as year_ago
    from agreed as a
    cross join lateral (select unnest(generate_series(a.period_start::timestamp, a.period_end::timestamp, interval 1 day)) as day) as g
),
told as (
    select
        s.*, d.date is not null as is_delivered, s.day <= s.through_on as is_past, s.day between coalesce(s.effective_on, s.day) and coalesce(s.ended_on, s.day) as is_live,
        case when s.is_abroad then null when s.metric = 'new_buyers' then d.new_buyers when s.metric = 'orders' then d.orders else d.net_gmv end::decimal(28, 4) as value,
        case s.metric when 'new_buyers' then y.new_buyers when 'orders' then y.orders else y.net_gmv end::double as season
    from spine as s
    left join marts.partnership_day as d on d.platform = s.platform and d.partnership_id = s.partnership_id and d.date = s.day
    left join marts.partnership_day as y on y.platform = s.platform and y.partnership_id = '' and y.date = s.year_ago
),
weighed as (
    select
        t.*, bool_and(t.season is not null and t.season >= 0) over w and sum(t.season) over w > 0 as has_season,
        if(t.shape = 'seasonal' and has_season, t.season, 1) as weight
    from told as t
    window w as (partition by t.platform, t.partnership_id, t.metric, t.period_start)
),
summed as (
    select
        w.platform, w.partnership_id, w.metric, w.period_start, w.through_on, bool_and(w.has_season) as has_season, bool_or(w.is_abroad) as is_abroad,
        count(*) filter (where w.is_past and w.is_live) as past_days, count(*) filter (where w.is_past and w.is_delivered) as days, count(w.value) filter (where w.is_past) as told_days,
        sum(w.value) filter (where w.is_past) as attained, sum(w.weight) as way, sum(w.weight) filter (where w.is_past) as behind, sum(w.weight) filter (where not w.is_past and w.is_live) as ahead, max(w.ended_on) as ended_on,
        sum(w.weight) filter (where w.is_past and w.value is not null) as weight, sum(w.weight * w.weight) filter (where w.is_past and w.value is not null) as weight_square,
        sum(w.weight * w.value::double) filter (where w.is_past) as product, sum(w.value::double * w.value::double) filter (where w.is_past) as square
    from weighed as w
    group by all
),
scattered as (
    select
        s.*, s.attained::double / nullif(s.weight, 0) as pace, coalesce(s.ahead, 0) as left_over,
        greatest(s.square - 2 * pace * s.product + pace * pace * s.weight_square, 0) / nullif(s.told_days - 1, 0) * s.told_days / nullif(s.weight, 0) as scatter
    from summed as s
)
select
    s.platform::varchar        as platform,       -- whose figures they are
    s.partnership_id::varchar  as partnership_id, -- identifier of the deal
    s.metric::varchar          as metric,         -- new_buyers, net_gmv or orders
    s.period_start::date       as period_start,   -- first day of the target's period
    s.through_on::date         as through_on,     -- last day of the period that the platform has delivered; before period_start when there is none
    coalesce(s.past_days, 0)::integer as past_days, -- days from period_start to through_on on which the deal was live
    s.days::integer            as days,           -- days until through_on that were delivered
    s.told_days::integer       as told_days,      -- days among those with the figure of the metric
    s.attained::decimal(28, 4) as attained,       -- sum over those days: persons, orders, or in currency; empty for a target in another currency than the platform's
    (coalesce(s.behind, 0) / nullif(s.way, 0))::double as share_behind, -- of the way that lies behind, 0 to 1, by days or by season
    (s.attained::double + s.pace * s.left_over)::double as forecast, -- at the end of the period, if the days that the deal still has are like those behind
    (1.959963984540054 * sqrt(s.scatter * s.left_over * (1 + s.left_over / nullif(s.weight, 0))))::double as forecast_margin, -- half width of its 95 % band, from the scatter of the days; 0 at the end
    (s.ended_on < s.through_on)::boolean as is_ended,  -- whether the deal ended within what lies behind; empty where it runs
    s.has_season::boolean      as has_season,     -- whether the platform's days of a year before are all known
    s.is_abroad::boolean       as is_abroad       -- whether the target is in another currency than the platform reports in
from scattered as s
