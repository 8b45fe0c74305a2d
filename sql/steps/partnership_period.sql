-- What a partnership brought to a platform over a day, 28 days, a week or a month; partnership '' is the platform's
-- total.
-- A week or month that is not over stands under its last day, with the days delivered so far. A figure missing on one
-- day is empty.
-- group: deals
-- grain: platform, partnership_id, span, date
-- twin: no
-- portable: yes
-- daily: date, 30
with day as (
    select
        day.*,
        coalesce(day.age_days >= 30 and day.net_gmv is not null and day.refunded_gmv is not null, false) as is_mature
    from marts.partnership_day as day
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
),
summed as (
    select
        placed.platform,
        placed.partnership_id,
        placed.side,
        placed.currency,
        placed.span,
        placed.last_day,
        placed.first_day,
        count(*) as days,
        min(placed.date) as first_delivered,
        max(placed.date) as last_delivered,
        min(placed.first_currency) as first_currency,
        max(placed.last_currency) as last_currency,
        sum(case when placed.lacks_rate then 1 else 0 end) as rateless,
        sum(case when placed.spend_lacks_rate then 1 else 0 end) as spend_rateless,
        sum(case when placed.is_mature then 1 else 0 end) as refund_days,
        sum(case when placed.is_mature then placed.net_gmv + placed.refunded_gmv end) as mature_gmv,
        sum(case when placed.is_mature then placed.refunded_gmv end) as mature_refunded,
        sum(placed.orders) as orders,
        count(placed.orders) as orders_days,
        sum(placed.orders_without_buyer) as orders_without_buyer,
        sum(placed.new_buyers) as new_buyers,
        count(placed.new_buyers) as new_buyers_days,
        sum(placed.gmv) as gmv,
        count(placed.gmv) as gmv_days,
        sum(placed.net_gmv) as net_gmv,
        count(placed.net_gmv) as net_gmv_days,
        sum(placed.marketing_spend) as marketing_spend,
        count(placed.marketing_spend) as marketing_spend_days,
        sum(placed.subsidies) as subsidies,
        count(placed.subsidies) as subsidies_days,
        sum(placed.commission) as commission,
        count(placed.commission) as commission_days,
        sum(placed.commission_paid) as commission_paid
    from placed
    group by
        placed.platform,
        placed.partnership_id,
        placed.side,
        placed.currency,
        placed.span,
        placed.last_day,
        placed.first_day
    union all
    select
        day.platform,
        day.partnership_id,
        day.side,
        day.currency,
        'trailing_28',
        day.date,
        day.date - 27,
        count(*) over days_28 as days,
        min(day.date) over days_28 as first_delivered,
        max(day.date) over days_28 as last_delivered,
        min(day.first_currency) over days_28 as first_currency,
        max(day.last_currency) over days_28 as last_currency,
        sum(case when day.lacks_rate then 1 else 0 end) over days_28 as rateless,
        sum(case when day.spend_lacks_rate then 1 else 0 end) over days_28 as spend_rateless,
        sum(case when day.is_mature then 1 else 0 end) over days_28 as refund_days,
        sum(case when day.is_mature then day.net_gmv + day.refunded_gmv end) over days_28 as mature_gmv,
        sum(case when day.is_mature then day.refunded_gmv end) over days_28 as mature_refunded,
        sum(day.orders) over days_28 as orders,
        count(day.orders) over days_28 as orders_days,
        sum(day.orders_without_buyer) over days_28 as orders_without_buyer,
        sum(day.new_buyers) over days_28 as new_buyers,
        count(day.new_buyers) over days_28 as new_buyers_days,
        sum(day.gmv) over days_28 as gmv,
        count(day.gmv) over days_28 as gmv_days,
        sum(day.net_gmv) over days_28 as net_gmv,
        count(day.net_gmv) over days_28 as net_gmv_days,
        sum(day.marketing_spend) over days_28 as marketing_spend,
        count(day.marketing_spend) over days_28 as marketing_spend_days,
        sum(day.subsidies) over days_28 as subsidies,
        count(day.subsidies) over days_28 as subsidies_days,
        sum(day.commission) over days_28 as commission,
        count(day.commission) over days_28 as commission_days,
        sum(day.commission_paid) over days_28 as commission_paid
    from day
    window
        days_28 as (
            partition by day.platform, day.partnership_id, day.side, day.currency
            order by date_diff('day', date '2000-01-01', day.date) range between 27 preceding and current row
        )
),
-- Buyers may be due on a day on which the partnership has no figures, such as one after its end.
due as (
    select
        told.*,
        'day' as span,
        told.date as last_day
    from steps.partnership_repeat as told
    union all
    select
        told.*,
        'week',
        cast(date_trunc('week', told.date) as date) + 6
    from steps.partnership_repeat as told
    union all
    select
        told.*,
        'month',
        last_day(told.date)
    from steps.partnership_repeat as told
    union all
    select
        told.*,
        'trailing_28',
        day.date
    from day
    join
        steps.partnership_repeat as told
        on
            told.platform = day.platform
            and told.partnership_id = day.partnership_id
            and told.date between day.date - 27 and day.date
),
returned as (
    select
        due.platform,
        due.partnership_id,
        due.span,
        due.last_day,
        sum(due.buyers_30) as buyers_30,
        sum(due.repeated_30) as repeated_30,
        sum(due.buyers_60) as buyers_60,
        sum(due.repeated_60) as repeated_60,
        sum(due.buyers_90) as buyers_90,
        sum(due.repeated_90) as repeated_90
    from due
    group by due.platform, due.partnership_id, due.span, due.last_day
)
select
    summed.platform::varchar as platform,                       -- whose figures they are
    summed.partnership_id::varchar as partnership_id,           -- identifier of the deal; '' is the platform's total
    summed.span::varchar as span,  -- length of the window that ends on the day, see core.term
    summed.last_day::date as date,                              -- last day of the span
    summed.first_day::date as first_day,                        -- first day of the span
    summed.side::varchar as side,
    -- whether the platform pays or receives the commission; empty where the deal does not say
    summed.currency::varchar as currency,                       -- currency of the amounts
    summed.days::integer as days,                               -- days delivered
    summed.first_delivered::date as first_delivered,            -- first of them
    summed.last_delivered::date as last_delivered,              -- last of them
    (summed.first_currency <> summed.last_currency)::boolean as two_currencies,
    -- whether amounts were delivered in more than one; empty without amounts
    (summed.first_currency <> summed.currency or summed.last_currency <> summed.currency)::boolean as is_translated,
    -- whether amounts were delivered in another currency than this
    summed.rateless::integer as rateless_days,                  -- days with an amount for which there is no rate
    summed.spend_rateless::integer as spend_rateless_days,      -- of them those with a part of what it cost
    (case when summed.orders_days = summed.days then summed.orders end)::bigint as orders,  -- orders placed
    (case when summed.new_buyers_days = summed.days then summed.new_buyers end)::bigint as new_buyers,
    -- persons whose first order it was
    summed.orders_without_buyer::bigint as orders_without_buyer,
    -- orders counted one by one that tell no buyer: new_buyers has none of theirs
    (case when summed.gmv_days = summed.days then summed.gmv end)::decimal(28, 4) as gmv,
    -- value of the orders placed, in currency
    (case when summed.net_gmv_days = summed.days then summed.net_gmv end)::decimal(28, 4) as net_gmv,
    -- without what was cancelled or refunded, in currency
    (case when summed.marketing_spend_days = summed.days then summed.marketing_spend end)::decimal(28, 6)
        as marketing_spend,  -- spent on marketing, in currency; below 0 where corrections are larger
    (case when summed.subsidies_days = summed.days then summed.subsidies end)::decimal(28, 4) as subsidies,
    -- coupons and subsidies paid by the platform, in currency
    (case when summed.commission_days = summed.days then summed.commission end)::decimal(28, 4) as commission,
    -- commission between platform and partner, in currency
    summed.commission_paid::decimal(28, 4) as commission_paid,
    -- of it what the platform pays; in the total that of its deals
    (
        summed.marketing_spend_days not in (0, summed.days) or summed.subsidies_days not in (0, summed.days)
        or (summed.side = 'pays' and summed.commission_days not in (0, summed.days))
    )::boolean as spend_has_gaps,  -- whether a part of spend was delivered on some days only
    summed.refund_days::integer as refund_days,
    -- days with refunds and net GMV that came 30 days later or more, so that refunds had time
    summed.mature_gmv::decimal(28, 4) as mature_gmv,
    -- value of the orders placed on those days that were not cancelled, in currency
    summed.mature_refunded::decimal(28, 4) as mature_refunded,  -- refunded of it, in currency
    coalesce(returned.buyers_30, 0)::bigint as buyers_30,
    -- buyers whose first order came 30 days before a day of the span
    coalesce(returned.repeated_30, 0)::bigint as repeated_30,   -- of them those who returned within 30 days
    coalesce(returned.buyers_60, 0)::bigint as buyers_60,
    -- buyers whose first order came 60 days before a day of the span
    coalesce(returned.repeated_60, 0)::bigint as repeated_60,   -- of them those who returned within 60 days
    coalesce(returned.buyers_90, 0)::bigint as buyers_90,
    -- buyers whose first order came 90 days before a day of the span
    coalesce(returned.repeated_90, 0)::bigint as repeated_90    -- of them those who returned within 90 days
from summed
left join
    returned
    on
        returned.platform = summed.platform
        and returned.partnership_id = summed.partnership_id
        and returned.span = summed.span
        and returned.last_day = summed.last_day
