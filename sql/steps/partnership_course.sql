-- How far a target of a partnership has come: what its days brought, what share of the way lies behind, and how the
-- days scatter.
-- A seasonal target builds up like the platform's total of the same days a year before; where these are not all known,
-- like a linear one.
-- group: deals
-- grain: platform, partnership_id, metric, period_start
-- twin: no
with last as (
    select
        day.platform,
        max(day.currency) as currency,
        max(day.date) as last_on
    from marts.partnership_day as day
    group by day.platform
),
deal as (
    select distinct
        day.platform,
        day.partnership_id,
        last.currency,
        last.last_on,
        partnership.effective_on,
        partnership.ended_on
    from marts.partnership_day as day
    join last on last.platform = day.platform
    left join core.partnership as partnership on partnership.partnership_id = day.partnership_id
    where day.partnership_id <> ''
),
agreed as (
    select
        target.*,
        deal.platform,
        deal.effective_on,
        deal.ended_on,
        least(target.period_end, deal.last_on) as through_on,
        target.metric = 'net_gmv' and target.currency <> deal.currency as is_abroad
    from core.partner_target_version as target
    join deal on deal.partnership_id = target.partnership_id
    where target.is_current
),
spine as (
    select
        agreed.*,
        calendar.day::date as day,
        (calendar.day - interval 1 year)::date as year_ago
    from agreed
    cross join
        lateral (
            select
                unnest(generate_series(agreed.period_start::timestamp, agreed.period_end::timestamp, interval 1 day))
                    as day
        ) as calendar
),
told as (
    select
        spine.*,
        day.date is not null as is_delivered,
        spine.day <= spine.through_on as is_past,
        spine.day between coalesce(spine.effective_on, spine.day) and coalesce(spine.ended_on, spine.day) as is_live,
        case
            when spine.is_abroad then null
            when spine.metric = 'new_buyers' then day.new_buyers
            when spine.metric = 'orders' then day.orders
            else day.net_gmv
        end::decimal(28, 4) as value,
        case spine.metric
            when 'new_buyers' then year_before.new_buyers
            when 'orders' then year_before.orders
            else year_before.net_gmv
        end::double as season
    from spine
    left join
        marts.partnership_day as day
        on day.platform = spine.platform and day.partnership_id = spine.partnership_id and day.date = spine.day
    left join
        marts.partnership_day as year_before
        on
            year_before.platform = spine.platform
            and year_before.partnership_id = ''
            and year_before.date = spine.year_ago
),
weighed as (
    select
        told.*,
        bool_and(told.season is not null and told.season >= 0) over days_of_target
        and sum(told.season) over days_of_target > 0 as has_season,
        if(told.shape = 'seasonal' and has_season, told.season, 1) as weight
    from told
    window days_of_target as (partition by told.platform, told.partnership_id, told.metric, told.period_start)
),
summed as (
    select
        weighed.platform,
        weighed.partnership_id,
        weighed.metric,
        weighed.period_start,
        weighed.through_on,
        bool_and(weighed.has_season) as has_season,
        bool_or(weighed.is_abroad) as is_abroad,
        count(*) filter (where weighed.is_past and weighed.is_live) as past_days,
        count(*) filter (where weighed.is_past and weighed.is_delivered) as days,
        count(weighed.value) filter (where weighed.is_past) as told_days,
        sum(weighed.value) filter (where weighed.is_past) as attained,
        sum(weighed.weight) as way,
        sum(weighed.weight) filter (where weighed.is_past) as behind,
        sum(weighed.weight) filter (where not weighed.is_past and weighed.is_live) as ahead,
        max(weighed.ended_on) as ended_on,
        sum(weighed.weight) filter (where weighed.is_past and weighed.value is not null) as weight,
        sum(weighed.weight * weighed.weight) filter (where weighed.is_past and weighed.value is not null)
            as weight_square,
        sum(weighed.weight * weighed.value::double) filter (where weighed.is_past) as product,
        sum(weighed.value::double * weighed.value::double) filter (where weighed.is_past) as square
    from weighed
    group by all
),
scattered as (
    select
        summed.*,
        ratio(summed.attained, summed.weight) as pace,
        coalesce(summed.ahead, 0) as left_over,
        greatest(summed.square - 2 * pace * summed.product + pace * pace * summed.weight_square, 0)
        / nullif(summed.told_days - 1, 0)
        * summed.told_days
        / nullif(summed.weight, 0) as scatter
    from summed
)
select
    scattered.platform::varchar as platform,              -- whose figures they are
    scattered.partnership_id::varchar as partnership_id,  -- identifier of the deal
    scattered.metric::varchar as metric,                  -- new_buyers, net_gmv or orders
    scattered.period_start::date as period_start,         -- first day of the target's period
    scattered.through_on::date as through_on,
    -- last day of the period that the platform has delivered; before period_start when there is none
    coalesce(scattered.past_days, 0)::integer as past_days,
    -- days from period_start to through_on on which the deal was live
    scattered.days::integer as days,                      -- days until through_on that were delivered
    scattered.told_days::integer as told_days,            -- days among those with the figure of the metric
    scattered.attained::decimal(28, 4) as attained,
    -- sum over those days: persons, orders, or in currency; empty for a target in another currency than the platform's
    (coalesce(scattered.behind, 0) / nullif(scattered.way, 0))::double as share_behind,
    -- of the way that lies behind, 0 to 1, by days or by season
    (scattered.attained::double + scattered.pace * scattered.left_over)::double as forecast,
    -- at the end of the period, if the days that the deal still has are like those behind
    (
        1.959963984540054
        * sqrt(scattered.scatter * scattered.left_over * (1 + scattered.left_over / nullif(scattered.weight, 0)))
    )::double as forecast_margin,  -- half width of its 95 % band, from the scatter of the days; 0 at the end
    (scattered.ended_on < scattered.through_on)::boolean as is_ended,
    -- whether the deal ended within what lies behind; empty where it runs
    scattered.has_season::boolean as has_season,          -- whether the platform's days of a year before are all known
    scattered.is_abroad::boolean as is_abroad  -- whether the target is in another currency than the platform reports in
from scattered
