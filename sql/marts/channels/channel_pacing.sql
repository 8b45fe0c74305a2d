-- Whether a channel is on its way to what its plan says for a month, as of the last day of which the figure is known:
-- spend against a budget, new buyers against a target. A month is over once a later day has the figure.
-- A plan may write its channel in other capitals, or by another name (core.channel_name).
-- The forecast takes the days left to be like those behind; its band comes from how the days scatter.
-- grain: platform, channel, month, metric
-- twin: no
-- portable: yes
-- contract: deliveries
with plan as (
    select
        planned.platform,
        planned.channel,
        planned.month,
        planned.metric,
        planned.planned,
        planned.currency,
        planned.agreed_on,
        planned.is_simulated,
        last_day(planned.month) as month_end,
        coalesce(planned.currency <> platform.reporting_currency, false) as is_abroad,
        coalesce(alias.counts_as, planned.channel) as counts_as,
        coalesce(alias.delivered_channel, planned.channel) = planned.channel as is_same_name
    from core.channel_plan as planned
    join core.platform_ever as platform on platform.platform = planned.platform
    left join
        core.channel_name as alias
        on
            alias.platform = planned.platform
            and lower(alias.delivered_channel) = lower(planned.channel)
            and alias.account = ''
            and alias.valid_to = date '9999-12-31'
),
-- Up to which day the planned figure is settled; a total is made of those of every channel.
settled as (
    select
        settling.platform,
        settling.channel,
        settling.metric,
        min(settling.settled_to) as settled_to
    from steps.settling_age as settling
    where settling.channel <> ''
    group by settling.platform, settling.channel, settling.metric
    union all
    select
        settling.platform,
        '',
        settling.metric,
        min(settling.settled_to)
    from steps.settling_age as settling
    group by settling.platform, settling.metric
),
delivered as (
    select
        day.platform,
        day.channel,
        max(case when day.marketing_spend is not null then day.date end) as spend_on,
        max(case when day.new_buyers is not null then day.date end) as new_buyers_on
    from steps.channel_day as day
    group by day.platform, day.channel
),
reached as (
    select
        plan.*,
        delivered.channel as day_channel,
        case when plan.metric = 'new_buyers' then delivered.new_buyers_on else delivered.spend_on end as last_on,
        total.new_buyers_on as platform_on
    from plan
    left join delivered on delivered.platform = plan.platform and lower(delivered.channel) = lower(plan.counts_as)
    left join delivered as total on total.platform = plan.platform and total.channel = ''
    qualify
        row_number()
            over (
                partition by plan.platform, plan.channel, plan.month, plan.metric
                order by
                    case when plan.is_same_name then 0 else 1 end,
                    case when delivered.channel = plan.counts_as then 0 else 1 end,
                    delivered.channel,
                    plan.counts_as
            )
        = 1
),
told as (
    select
        plan.platform,
        plan.channel,
        plan.month,
        plan.metric,
        count(*) as days,
        count(case when plan.metric = 'new_buyers' then day.new_buyers else day.marketing_spend end) as told_days,
        sum(
            case
                when plan.metric = 'new_buyers' then cast(day.new_buyers as decimal(28, 6))
                else day.marketing_spend
            end
        ) as attained,
        sum(
            case
                when plan.metric = 'new_buyers' then cast(day.new_buyers as double) * cast(day.new_buyers as double)
                else cast(day.marketing_spend as double) * cast(day.marketing_spend as double)
            end
        ) as square
    from reached as plan
    join
        steps.channel_day as day
        on day.platform = plan.platform and day.channel = plan.day_channel
    where day.date between plan.month and least(plan.month_end, plan.last_on)
    group by plan.platform, plan.channel, plan.month, plan.metric
),
counted as (
    select
        plan.*,
        coalesce(settled.settled_to < least(plan.month_end, plan.last_on), false) as is_unsettled,
        coalesce(told.days, 0) as days,
        coalesce(told.told_days, 0) as told_days,
        told.square,
        case when told.days = told.told_days and not plan.is_abroad then told.attained end as attained,
        coalesce(plan.last_on >= plan.month, false) as is_begun,
        coalesce(plan.last_on > plan.month_end, false) as is_over,
        case
            when plan.last_on >= plan.month
                then date_diff('day', plan.month, least(plan.last_on, plan.month_end)) + 1
            else 0
        end as past_days,
        date_diff('day', plan.month, plan.month_end) + 1 as month_days
    from reached as plan
    left join
        told
        on
            told.platform = plan.platform
            and told.channel = plan.channel
            and told.month = plan.month
            and told.metric = plan.metric
    left join
        settled
        on
            settled.platform = plan.platform
            and settled.channel = plan.day_channel
            and settled.metric = plan.metric
),
forecast as (
    select
        counted.*,
        cast(counted.planned as double) * cast(counted.past_days as double) / cast(counted.month_days as double)
            as expected,
        counted.month_days - counted.past_days as days_left,
        case
            when counted.told_days >= 7 and counted.attained is not null
                then cast(counted.attained as double) / cast(counted.told_days as double)
        end as pace,
        case
            when counted.told_days >= 7 and counted.attained is not null
                then greatest(
                    counted.square
                    - cast(counted.attained as double)
                    * cast(counted.attained as double)
                    / cast(counted.told_days as double),
                    0e0
                )
                / cast(counted.told_days - 1 as double)
        end as scatter
    from counted
),
banded as (
    select
        forecast.*,
        cast(forecast.attained as double) + forecast.pace * cast(forecast.days_left as double) as likely,
        1.959963984540054e0
        * sqrt(
            forecast.scatter
            * cast(forecast.days_left as double)
            * (1e0 + cast(forecast.days_left as double) / nullif(cast(forecast.told_days as double), 0))
        ) as margin
    from forecast
),
judged as (
    select
        banded.*,
        case
            when banded.metric = 'new_buyers' and banded.likely - banded.margin < cast(banded.attained as double)
                then cast(banded.attained as double)
            else banded.likely - banded.margin
        end as low,
        banded.likely + banded.margin as high
    from banded
)
select
    judged.platform::varchar as platform,          -- whose plan it is
    judged.channel::varchar as channel,            -- channel of the plan; '' is the whole platform
    judged.month::date as month,                   -- first day of the month
    judged.metric::varchar as metric,              -- marketing_spend or new_buyers
    judged.currency::varchar as currency,          -- ISO 4217 code of planned spend; else empty
    judged.planned::decimal(18, 4) as planned,     -- to be spent, in currency, or to be won, persons
    judged.agreed_on::date as agreed_on,           -- day of the plan; empty where unknown
    (case when judged.is_begun then least(judged.last_on, judged.month_end) end)::date as through_on,
    -- last day of the month of which the figure is known; empty before it began
    judged.attained::decimal(28, 6) as attained,
    -- spent or won by then, in the unit of planned; empty where a day lacks the figure
    (case when judged.is_begun then judged.expected end)::double as expected,  -- due by then, day by day alike
    (cast(judged.attained as double) / nullif(judged.expected, 0))::double as pace,  -- attained in expected
    (case when judged.is_begun then judged.days_left end)::integer as days_left,  -- days of the month after through_on
    judged.likely::double as forecast,
    -- at the end of the month, if the days left are like those behind; empty with fewer than 7 days
    judged.low::double as forecast_low,            -- least of the 95 % band
    judged.high::double as forecast_high,          -- greatest of it
    (case
        when not judged.is_begun then 'not_started'
        when judged.attained is null then 'not_known'
        when judged.metric = 'new_buyers' and judged.is_over
            then case when judged.attained >= judged.planned then 'ahead' else 'missed' end
        when judged.is_over
            then case when judged.attained > judged.planned then 'over_budget' else 'within_budget' end
        when judged.metric = 'marketing_spend' and judged.attained > judged.planned then 'over_budget'
        when judged.likely is null then 'not_known'
        when judged.metric = 'new_buyers'
            then case
                when judged.low >= judged.planned then 'ahead'
                when judged.high < judged.planned then 'at_risk'
                else 'on_track'
            end
        when judged.low > judged.planned then 'will_overspend'
        when judged.high < judged.planned then 'will_underspend'
        else 'on_track'
    end)::varchar as status,                       -- how the plan is doing, see core.term
    list_filter([
        case
            when judged.days < judged.past_days or judged.platform_on > judged.last_on + 2 then 'late_data'
        end,
        case when judged.days > judged.told_days and not judged.is_abroad then 'missing_figures' end,
        case when judged.is_begun and judged.told_days < 7 then 'small_n' end,
        case when judged.is_abroad then 'two_currencies' end,
        case when judged.is_begun and judged.is_unsettled then 'unsettled' end
    ], lambda flag: flag is not null)::varchar[] as flags,  -- what a reader must know
    judged.is_simulated::boolean as is_simulated   -- true where the plan is made up, for a demo
from judged
