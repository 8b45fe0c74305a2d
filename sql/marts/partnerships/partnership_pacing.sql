-- Whether a partnership is on its way to what the partners agreed to reach, as of the last day that its platform delivered.
-- A partnership that runs without a target has a row too.
-- grain: platform, partnership_id, metric, period_start
-- twin: no
-- contract: deliveries
with agreed as (
    select
        v.*, f.target as first_target, c.platform, c.through_on, c.past_days, c.days, c.told_days, c.share_behind, c.has_season, c.is_abroad, c.is_ended,
        if(c.days > c.told_days, null, c.attained) as attained, if(c.told_days >= 7 and c.days = c.told_days, c.forecast, null) as forecast, c.forecast_margin as margin,
        case when v.shape <> 'milestone' then v.target::double * c.share_behind when c.through_on = v.period_end then v.target::double else 0 end as expected,
        coalesce(c.through_on >= v.period_start, false) as is_begun, coalesce(c.through_on = v.period_end, false) as is_over
    from core.partner_target_version as v
    join core.partner_target_version as f on f.partnership_id = v.partnership_id and f.metric = v.metric and f.period_start = v.period_start and f.version = 1
    left join steps.partnership_course as c on c.partnership_id = v.partnership_id and c.metric = v.metric and c.period_start = v.period_start
    where v.is_current
),
judged as (
    select
        a.*, if(a.forecast - a.margin < a.attained, a.attained::double, a.forecast - a.margin) as low, a.forecast + a.margin as high,
        case
            when not a.is_begun then 'not_started'
            when a.attained is null then 'not_known'
            when a.is_over then if(a.attained >= a.target, 'ahead', 'missed')
            when a.forecast is null then if(a.attained >= a.expected, 'on_track', 'at_risk')
            when low >= a.target then 'ahead'
            when high < a.target then 'at_risk'
            else 'on_track'
        end as status
    from agreed as a
),
running as (
    select d.platform, d.partnership_id, max(d.date) as delivered_on
    from marts.partnership_day as d
    left join core.partnership as p on p.partnership_id = d.partnership_id
    where d.partnership_id <> '' and p.ended_on is null
    group by d.platform, d.partnership_id
),
targetless as (
    select r.*
    from running as r
    left join agreed as a on a.platform = r.platform and a.partnership_id = r.partnership_id and r.delivered_on between a.period_start and a.period_end
    where a.partnership_id is null
),
told as (
    select
        j.platform, j.partnership_id, j.metric, j.period_start, j.period_end, j.shape, j.currency, j.target, j.first_target, j.agreed_on, if(j.is_begun, j.through_on, null) as through_on, j.attained,
        if(j.is_begun, j.expected, null) as expected, j.is_over, if(j.is_begun, date_diff('day', j.through_on, j.period_end), null) as days_left, j.forecast, j.low, j.high, j.status,
        list_filter([
            if(j.is_ended, 'deal_ended', null), if(j.days < j.past_days, 'late_data', null), if(j.days > j.told_days and not j.is_abroad, 'missing_figures', null), if(j.shape = 'seasonal' and not j.has_season, 'no_season', null),
            if(j.is_begun and j.told_days < 7, 'small_n', null), if(j.version > 1, 'target_changed', null), if(j.is_abroad, 'two_currencies', null)], lambda f: f is not null) as flags
    from judged as j
    union all
    select t.platform, t.partnership_id, '', null, null, null, null, null, null, null, t.delivered_on, null, null, false, null, null, null, null, 'no_target', [] from targetless as t
)
select
    t.platform::varchar        as platform,       -- whose figures they are; empty where no platform delivered the partnership yet
    t.partnership_id::varchar  as partnership_id, -- identifier of the deal
    t.metric::varchar          as metric,         -- new_buyers, net_gmv or orders; '' without a target
    t.period_start::date       as period_start,   -- first day of the period; empty without a target
    t.period_end::date         as period_end,     -- last day of the period
    t.shape::varchar           as shape,          -- how it builds up: linear, seasonal (like the platform a year before) or milestone (all at the end)
    t.currency::varchar        as currency,       -- currency of a target in money; else empty
    t.target::decimal(18, 4)   as target,         -- to be reached, as agreed last: persons, orders, or in currency
    t.first_target::decimal(18, 4) as first_target, -- as agreed first
    t.agreed_on::date          as agreed_on,      -- day of the agreement that counts; empty where unknown
    t.through_on::date         as through_on,     -- last day of the period that the platform has delivered; empty before it began
    t.attained::decimal(28, 4) as attained,       -- reached by then; empty where a day lacks the figure
    t.expected::double         as expected,       -- due by then
    (t.attained::double / nullif(t.expected, 0))::double as pace, -- attained in expected; empty while nothing is due
    (case when not t.is_over then if(t.attained > t.target, 0, t.target - t.attained)::double / nullif(t.days_left, 0) end)::double as required_daily, -- needed on each day left; empty when it is over
    t.forecast::double         as forecast,       -- at the end, if the days that the deal still has are like those behind; empty with fewer than 7 days
    t.low::double              as forecast_low,   -- least of the 95 % band
    t.high::double             as forecast_high,  -- greatest of it
    t.status::varchar          as status,         -- how the target is doing, see core.term
    t.flags::varchar[]         as flags           -- what a reader must know
from told as t
