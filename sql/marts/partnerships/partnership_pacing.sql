-- Whether a partnership is on its way to what the partners agreed to reach, as of the last day that its platform
-- delivered.
-- A partnership that runs without a target has a row too.
-- grain: platform, partnership_id, metric, period_start
-- twin: no
-- contract: deliveries
with settled as (
    select
        settling.platform,
        settling.partnership_id,
        if(settling.metric in ('gmv', 'cancelled_gmv', 'refunded_gmv'), 'net_gmv', settling.metric) as paced,
        min(settling.settled_to) as settled_to
    from steps.settling_age as settling
    group by all
),
agreed as (
    select
        target.*,
        coalesce(settled.settled_to < course.through_on, false) as is_unsettled,
        first_target.target as first_target,
        course.platform,
        course.through_on,
        course.past_days,
        course.days,
        course.told_days,
        course.share_behind,
        course.has_season,
        course.is_abroad,
        course.is_ended,
        if(course.days > course.told_days, null, course.attained) as attained,
        if(course.told_days >= 7 and course.days = course.told_days, course.forecast, null) as forecast,
        course.forecast_margin as margin,
        case
            when target.shape <> 'milestone' then target.target::double * course.share_behind
            when course.through_on = target.period_end then target.target::double
            else 0
        end as expected,
        coalesce(course.through_on >= target.period_start, false) as is_begun,
        coalesce(course.through_on = target.period_end, false) as is_over
    from core.partner_target_version as target
    join
        core.partner_target_version as first_target
        on
            first_target.partnership_id = target.partnership_id
            and first_target.metric = target.metric
            and first_target.period_start = target.period_start
            and first_target.version = 1
    left join
        steps.partnership_course as course
        on
            course.partnership_id = target.partnership_id
            and course.metric = target.metric
            and course.period_start = target.period_start
    left join
        settled
        on
            settled.platform = course.platform
            and settled.partnership_id = target.partnership_id
            and settled.paced = target.metric
    where target.is_current
),
judged as (
    select
        agreed.*,
        if(
            agreed.forecast - agreed.margin < agreed.attained, agreed.attained::double, agreed.forecast - agreed.margin
        ) as low,
        agreed.forecast + agreed.margin as high,
        case
            when not agreed.is_begun then 'not_started'
            when agreed.attained is null then 'not_known'
            when agreed.is_over then if(agreed.attained >= agreed.target, 'ahead', 'missed')
            when agreed.forecast is null then if(agreed.attained >= agreed.expected, 'on_track', 'at_risk')
            when low >= agreed.target then 'ahead'
            when high < agreed.target then 'at_risk'
            else 'on_track'
        end as status
    from agreed
),
running as (
    select
        day.platform,
        day.partnership_id,
        max(day.date) as delivered_on
    from marts.partnership_day as day
    left join core.partnership as partnership on partnership.partnership_id = day.partnership_id
    where day.partnership_id <> '' and partnership.ended_on is null
    group by day.platform, day.partnership_id
),
targetless as (
    select running.*
    from running
    left join
        agreed
        on
            agreed.platform = running.platform
            and agreed.partnership_id = running.partnership_id
            and running.delivered_on between agreed.period_start and agreed.period_end
    where agreed.partnership_id is null
),
told as (
    select
        judged.platform,
        judged.partnership_id,
        judged.metric,
        judged.period_start,
        judged.period_end,
        judged.shape,
        judged.currency,
        judged.target,
        judged.first_target,
        judged.agreed_on,
        if(judged.is_begun, judged.through_on, null) as through_on,
        judged.attained,
        if(judged.is_begun, judged.expected, null) as expected,
        judged.is_over,
        if(judged.is_begun, date_diff('day', judged.through_on, judged.period_end), null) as days_left,
        judged.forecast,
        judged.low,
        judged.high,
        judged.status,
        list_filter([
            if(judged.is_ended, 'deal_ended', null),
            if(judged.days < judged.past_days, 'late_data', null),
            if(judged.days > judged.told_days and not judged.is_abroad, 'missing_figures', null),
            if(judged.shape = 'seasonal' and not judged.has_season, 'no_season', null),
            if(judged.is_begun and judged.told_days < 7, 'small_n', null),
            if(judged.version > 1, 'target_changed', null),
            if(judged.is_abroad, 'two_currencies', null),
            if(judged.is_begun and judged.is_unsettled, 'unsettled', null)
        ], lambda flag: flag is not null) as flags
    from judged
    union all
    select
        targetless.platform,
        targetless.partnership_id,
        '',
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        targetless.delivered_on,
        null,
        null,
        false,
        null,
        null,
        null,
        null,
        'no_target',
        []
    from targetless
)
select
    told.platform::varchar as platform,
    -- whose figures they are; empty where no platform delivered the partnership yet
    told.partnership_id::varchar as partnership_id,         -- identifier of the deal
    told.metric::varchar as metric,                         -- new_buyers, net_gmv or orders; '' without a target
    told.period_start::date as period_start,                -- first day of the period; empty without a target
    told.period_end::date as period_end,                    -- last day of the period
    told.shape::varchar as shape,
    -- how it builds up: linear, seasonal (like the platform a year before) or milestone (all at the end)
    told.currency::varchar as currency,                     -- currency of a target in money; else empty
    told.target::decimal(18, 4) as target,  -- to be reached, as agreed last: persons, orders, or in currency
    told.first_target::decimal(18, 4) as first_target,      -- as agreed first
    told.agreed_on::date as agreed_on,                      -- day of the agreement that counts; empty where unknown
    told.through_on::date as through_on,
    -- last day of the period that the platform has delivered; empty before it began
    told.attained::decimal(28, 4) as attained,              -- reached by then; empty where a day lacks the figure
    told.expected::double as expected,                      -- due by then
    (ratio(told.attained, told.expected))::double as pace,  -- attained in expected; empty while nothing is due
    (
        case
            when not told.is_over
                then if(told.attained > told.target, 0, told.target - told.attained)::double / nullif(told.days_left, 0)
        end
    )::double as required_daily,                            -- needed on each day left; empty when it is over
    told.forecast::double as forecast,
    -- at the end, if the days that the deal still has are like those behind; empty with fewer than 7 days
    told.low::double as forecast_low,                       -- least of the 95 % band
    told.high::double as forecast_high,                     -- greatest of it
    told.status::varchar as status,                         -- how the target is doing, see core.term
    told.flags::varchar[] as flags                          -- what a reader must know
from told
