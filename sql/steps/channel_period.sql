-- What a channel did over a day, 28 days, a week, a month or a quarter, and over the year up to then; channel '' is the
-- platform, unattributed what no channel has.
-- A week, month or quarter that is not over stands under its last day, with the days so far. A figure missing on one
-- day is empty; the year has the days on which both spend and new buyers are known.
-- group: channel_steps
-- grain: platform, channel, span, date
-- twin: no
-- portable: yes
-- daily: date, 456
with day as (
    select day.*
    from steps.channel_day as day
),
placed as (
    select
        day.*,
        'day' as span,
        day.date as first_day,
        day.date as last_day
    from day
    union all
    select
        day.*,
        'week',
        cast(date_trunc('week', day.date) as date),
        cast(date_trunc('week', day.date) as date) + 6
    from day
    union all
    select
        day.*,
        'month',
        cast(date_trunc('month', day.date) as date),
        last_day(day.date)
    from day
    union all
    select
        day.*,
        'quarter',
        cast(date_trunc('quarter', day.date) as date),
        cast(cast(date_trunc('quarter', day.date) as date) + interval 3 month as date) - 1
    from day
),
summed as (
    select
        placed.platform,
        placed.channel,
        placed.currency,
        placed.span,
        placed.last_day,
        placed.first_day,
        count(*) as days,
        min(placed.date) as first_delivered,
        max(placed.date) as last_delivered,
        min(placed.first_currency) as first_currency,
        max(placed.last_currency) as last_currency,
        min(placed.reporting_currency) as reporting_currency,
        sum(case when placed.lacks_rate then 1 else 0 end) as rateless,
        sum(case when placed.is_silent then 1 else 0 end) as silent,
        sum(case when placed.is_late then 1 else 0 end) as late,
        sum(case when placed.channels_above_total then 1 else 0 end) as above,
        sum(case when placed.is_simulated then 1 else 0 end) as simulated,
        sum(placed.orders) as orders,
        count(placed.orders) as orders_days,
        sum(placed.new_buyers) as new_buyers,
        count(placed.new_buyers) as new_buyers_days,
        sum(placed.new_buyers_kept) as new_buyers_kept,
        count(placed.new_buyers_kept) as new_buyers_kept_days,
        sum(placed.gmv) as gmv,
        count(placed.gmv) as gmv_days,
        sum(placed.marketing_spend) as marketing_spend,
        count(placed.marketing_spend) as marketing_spend_days,
        sum(placed.spend_reporting) as spend_reporting,
        count(placed.spend_reporting) as spend_reporting_days,
        sum(placed.subsidies) as subsidies,
        count(placed.subsidies) as subsidies_days,
        sum(placed.reported_orders) as reported_orders,
        count(placed.reported_orders) as reported_orders_days,
        sum(placed.clicks) as clicks,
        count(placed.clicks) as clicks_days,
        sum(placed.duplicate_spend) as duplicate_spend,
        sum(placed.duplicate_excess) as duplicate_excess,
        sum(placed.orders_without_buyer) as orders_without_buyer,
        sum(placed.commission_paid) as commission_paid
    from placed
    group by placed.platform, placed.channel, placed.currency, placed.span, placed.last_day, placed.first_day
    union all
    select
        day.platform,
        day.channel,
        day.currency,
        'trailing_28',
        day.date,
        day.date - 27,
        count(*) over days_28 as days,
        min(day.date) over days_28 as first_delivered,
        max(day.date) over days_28 as last_delivered,
        min(day.first_currency) over days_28 as first_currency,
        max(day.last_currency) over days_28 as last_currency,
        min(day.reporting_currency) over days_28 as reporting_currency,
        sum(case when day.lacks_rate then 1 else 0 end) over days_28 as rateless,
        sum(case when day.is_silent then 1 else 0 end) over days_28 as silent,
        sum(case when day.is_late then 1 else 0 end) over days_28 as late,
        sum(case when day.channels_above_total then 1 else 0 end) over days_28 as above,
        sum(case when day.is_simulated then 1 else 0 end) over days_28 as simulated,
        sum(day.orders) over days_28 as orders,
        count(day.orders) over days_28 as orders_days,
        sum(day.new_buyers) over days_28 as new_buyers,
        count(day.new_buyers) over days_28 as new_buyers_days,
        sum(day.new_buyers_kept) over days_28 as new_buyers_kept,
        count(day.new_buyers_kept) over days_28 as new_buyers_kept_days,
        sum(day.gmv) over days_28 as gmv,
        count(day.gmv) over days_28 as gmv_days,
        sum(day.marketing_spend) over days_28 as marketing_spend,
        count(day.marketing_spend) over days_28 as marketing_spend_days,
        sum(day.spend_reporting) over days_28 as spend_reporting,
        count(day.spend_reporting) over days_28 as spend_reporting_days,
        sum(day.subsidies) over days_28 as subsidies,
        count(day.subsidies) over days_28 as subsidies_days,
        sum(day.reported_orders) over days_28 as reported_orders,
        count(day.reported_orders) over days_28 as reported_orders_days,
        sum(day.clicks) over days_28 as clicks,
        count(day.clicks) over days_28 as clicks_days,
        sum(day.duplicate_spend) over days_28 as duplicate_spend,
        sum(day.duplicate_excess) over days_28 as duplicate_excess,
        sum(day.orders_without_buyer) over days_28 as orders_without_buyer,
        sum(day.commission_paid) over days_28 as commission_paid
    from day
    window
        days_28 as (
            partition by day.platform, day.channel, day.currency
            order by date_diff('day', date '2000-01-01', day.date) range between 27 preceding and current row
        )
),
-- The year up to a day: the days on which both spend and new buyers are known.
paired as (
    select
        day.platform,
        day.channel,
        day.currency,
        day.date,
        sum(case when day.new_buyers is not null then day.marketing_spend end) over days_365 as spend,
        sum(case when day.marketing_spend is not null then day.new_buyers end) over days_365 as new_buyers,
        sum(case when day.marketing_spend is not null and day.new_buyers is not null then 1 else 0 end) over days_365
            as days
    from day
    window
        days_365 as (
            partition by day.platform, day.channel, day.currency
            order by date_diff('day', date '2000-01-01', day.date) range between 364 preceding and current row
        )
)
select
    summed.platform::varchar as platform,                  -- whose figures they are
    summed.channel::varchar as channel,
    -- channel; '' is the platform's total, unattributed what it has and no channel
    summed.span::varchar as span,                          -- length of the window that ends on the day, see core.term
    summed.last_day::date as date,                         -- last day of the span
    summed.first_day::date as first_day,                   -- first day of the span
    summed.currency::varchar as currency,                  -- currency of the amounts
    summed.days::integer as days,                          -- days with a row
    summed.first_delivered::date as first_delivered,       -- first of them
    summed.last_delivered::date as last_delivered,         -- last of them
    (summed.first_currency <> summed.last_currency)::boolean as two_currencies,
    -- whether amounts were delivered in more than one; empty without amounts
    (summed.first_currency <> summed.currency or summed.last_currency <> summed.currency)::boolean as is_translated,
    -- whether amounts were delivered in another currency than this
    summed.rateless::integer as rateless_days,
    -- days on which a part of the cost is empty for want of a rate
    summed.silent::integer as silent_days,
    -- days on which a part of the cost is 0 because its feed goes on without them
    summed.late::integer as late_days,
    -- days on which a part of the cost is empty because a feed stopped less than a week before
    summed.above::integer as above_total_days,             -- days on which the channels have more than the total
    (case when summed.orders_days = summed.days then summed.orders end)::bigint as orders,  -- orders placed
    (case when summed.new_buyers_days = summed.days then summed.new_buyers end)::bigint as new_buyers,
    -- persons whose first order it was, whatever became of it
    (case when summed.new_buyers_kept_days = summed.days then summed.new_buyers_kept end)::bigint as new_buyers_kept,
    -- persons whose first order that was not cancelled it was
    summed.orders_without_buyer::bigint as orders_without_buyer,
    -- orders counted one by one that tell no buyer: new_buyers has none of theirs
    (case when summed.gmv_days = summed.days then summed.gmv end)::decimal(28, 4) as gmv,
    -- value of the orders placed, in currency
    (case when summed.marketing_spend_days = summed.days then summed.marketing_spend end)::decimal(28, 6)
        as marketing_spend,                                -- spent on marketing, in currency
    (case when summed.spend_reporting_days = summed.days then summed.spend_reporting end)::decimal(28, 6)
        as spend_reporting,  -- the same in the reporting currency of all platforms; empty where a day has no rate
    summed.reporting_currency::varchar as reporting_currency,  -- ISO 4217 code of it
    summed.duplicate_spend::decimal(28, 6) as duplicate_spend,
    -- spend that an account repeats, in currency; not in marketing_spend
    summed.duplicate_excess::decimal(28, 6) as duplicate_excess,
    -- by how much such spend is above what it repeats on the days on which it is, in currency
    (case when summed.subsidies_days = summed.days then summed.subsidies end)::decimal(28, 4) as subsidies,
    -- coupons and subsidies paid by the platform, in currency
    summed.commission_paid::decimal(28, 4) as commission_paid,
    -- commission of the deals in which the platform pays it, in currency
    (
        summed.marketing_spend_days not in (0, summed.days) or summed.subsidies_days not in (0, summed.days)
    )::boolean as spend_has_gaps,                          -- whether a part of spend is known of some days only
    (case when summed.reported_orders_days = summed.days then summed.reported_orders end)::decimal(28, 4)
        as reported_orders,                                -- orders that ad platforms and networks claim
    (case when summed.clicks_days = summed.days then summed.clicks end)::bigint as clicks,  -- clicks on ads
    paired.days::integer as year_days,
    -- days with both spend and new buyers among the 365 that end with last_delivered
    paired.spend::decimal(28, 6) as year_spend,            -- marketing_spend of those days, in currency
    paired.new_buyers::bigint as year_new_buyers,          -- new_buyers of those days
    (summed.simulated > 0)::boolean as is_simulated        -- true where figures of a day are made up
from summed
join
    paired
    on
        paired.platform = summed.platform
        and paired.channel = summed.channel
        and paired.currency = summed.currency
        and paired.date = summed.last_delivered
