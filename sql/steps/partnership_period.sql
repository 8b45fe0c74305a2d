-- What a partnership brought to a platform over a day, 28 days, a week or a month; partnership '' is the platform's total.
-- A week or month that is not over stands under its last day, with the days delivered so far. A figure missing on one day is empty.
-- grain: platform, partnership_id, span, date
-- twin: no
-- portable: yes
-- daily: date, 30
with day as (
    select d.*, coalesce(d.age_days >= 30 and d.gmv is not null and d.refunded_gmv is not null, false) as is_mature,
        r.buyers_30, r.repeated_30, r.buyers_60, r.repeated_60, r.buyers_90, r.repeated_90
    from marts.partnership_day as d
    left join steps.partnership_repeat as r on r.platform = d.platform and r.partnership_id = d.partnership_id and r.date = d.date
),
placed as (
    select d.*, 'day' as span, d.date as first_day, d.date as last_day from day as d
    union all
    select d.*, 'week', cast(date_trunc('week', d.date) as date), cast(date_trunc('week', d.date) as date) + 6 from day as d
    union all
    select d.*, 'month', cast(date_trunc('month', d.date) as date), last_day(d.date) from day as d
),
summed as (
    select
        p.platform, p.partnership_id, p.side, p.currency, p.span, p.last_day, p.first_day,
        count(*) as days, min(p.date) as first_delivered, max(p.date) as last_delivered, min(p.first_currency) as first_currency, max(p.last_currency) as last_currency,
        sum(case when p.lacks_rate then 1 else 0 end) as rateless, sum(case when p.is_mature then 1 else 0 end) as refund_days,
        sum(case when p.is_mature then p.gmv end) as mature_gmv, sum(case when p.is_mature then p.refunded_gmv end) as mature_refunded,
        sum(p.orders) as orders, count(p.orders) as orders_days, sum(p.new_buyers) as new_buyers, count(p.new_buyers) as new_buyers_days, sum(p.gmv) as gmv, count(p.gmv) as gmv_days, sum(p.net_gmv) as net_gmv, count(p.net_gmv) as net_gmv_days,
        sum(p.marketing_spend) as marketing_spend, count(p.marketing_spend) as marketing_spend_days, sum(p.subsidies) as subsidies, count(p.subsidies) as subsidies_days, sum(p.commission) as commission, count(p.commission) as commission_days, sum(p.commission_paid) as commission_paid,
        sum(p.buyers_30) as buyers_30, sum(p.repeated_30) as repeated_30, sum(p.buyers_60) as buyers_60, sum(p.repeated_60) as repeated_60, sum(p.buyers_90) as buyers_90, sum(p.repeated_90) as repeated_90
    from placed as p
    group by p.platform, p.partnership_id, p.side, p.currency, p.span, p.last_day, p.first_day
    union all
    select
        d.platform, d.partnership_id, d.side, d.currency, 'trailing_28', d.date, d.date - 27,
        count(*) over w as days, min(d.date) over w as first_delivered, max(d.date) over w as last_delivered, min(d.first_currency) over w as first_currency, max(d.last_currency) over w as last_currency,
        sum(case when d.lacks_rate then 1 else 0 end) over w as rateless, sum(case when d.is_mature then 1 else 0 end) over w as refund_days,
        sum(case when d.is_mature then d.gmv end) over w as mature_gmv, sum(case when d.is_mature then d.refunded_gmv end) over w as mature_refunded,
        sum(d.orders) over w as orders, count(d.orders) over w as orders_days, sum(d.new_buyers) over w as new_buyers, count(d.new_buyers) over w as new_buyers_days, sum(d.gmv) over w as gmv, count(d.gmv) over w as gmv_days, sum(d.net_gmv) over w as net_gmv, count(d.net_gmv) over w as net_gmv_days,
        sum(d.marketing_spend) over w as marketing_spend, count(d.marketing_spend) over w as marketing_spend_days, sum(d.subsidies) over w as subsidies, count(d.subsidies) over w as subsidies_days, sum(d.commission) over w as commission, count(d.commission) over w as commission_days, sum(d.commission_paid) over w as commission_paid,
        sum(d.buyers_30) over w as buyers_30, sum(d.repeated_30) over w as repeated_30, sum(d.buyers_60) over w as buyers_60, sum(d.repeated_60) over w as repeated_60, sum(d.buyers_90) over w as buyers_90, sum(d.repeated_90) over w as repeated_90
    from day as d
    window w as (partition by d.platform, d.partnership_id, d.side, d.currency order by date_diff('day', date '2000-01-01', d.date) range between 27 preceding and current row)
)
select
    s.platform::varchar         as platform,        -- whose figures they are
    s.partnership_id::varchar   as partnership_id,  -- identifier of the deal; '' is the platform's total
    s.span::varchar             as span,            -- length of the window that ends on the day, see core.term
    s.last_day::date            as date,            -- last day of the span
    s.first_day::date           as first_day,       -- first day of the span
    s.side::varchar             as side,            -- whether the platform pays or receives the commission; empty where the deal does not say
    s.currency::varchar         as currency,        -- currency of the amounts
    s.days::integer             as days,            -- days delivered
    s.first_delivered::date     as first_delivered, -- first of them
    s.last_delivered::date      as last_delivered,  -- last of them
    (s.first_currency <> s.last_currency)::boolean as two_currencies, -- whether amounts were delivered in more than one; empty without amounts
    (s.first_currency <> s.currency or s.last_currency <> s.currency)::boolean as is_translated, -- whether amounts were delivered in another currency than this
    s.rateless::integer         as rateless_days,   -- days with an amount for which there is no rate
    (case when s.orders_days = s.days then s.orders end)::bigint as orders, -- orders placed
    (case when s.new_buyers_days = s.days then s.new_buyers end)::bigint as new_buyers, -- persons whose first order it was
    (case when s.gmv_days = s.days then s.gmv end)::decimal(28, 4) as gmv, -- value of the orders placed, in currency
    (case when s.net_gmv_days = s.days then s.net_gmv end)::decimal(28, 4) as net_gmv, -- without what was cancelled or refunded, in currency
    (case when s.marketing_spend_days = s.days then s.marketing_spend end)::decimal(28, 4) as marketing_spend, -- spent on marketing, in currency
    (case when s.subsidies_days = s.days then s.subsidies end)::decimal(28, 4) as subsidies, -- coupons and subsidies paid by the platform, in currency
    (case when s.commission_days = s.days then s.commission end)::decimal(28, 4) as commission, -- commission between platform and partner, in currency
    s.commission_paid::decimal(28, 4) as commission_paid, -- of it what the platform pays; in the total that of its deals
    (s.marketing_spend_days not in (0, s.days) or s.subsidies_days not in (0, s.days)
        or (s.side = 'pays' and s.commission_days not in (0, s.days)))::boolean as spend_has_gaps, -- whether a part of spend was delivered on some days only
    s.refund_days::integer as refund_days, -- days whose figures came 30 days later or more, so that refunds had time
    s.mature_gmv::decimal(28, 4) as mature_gmv, -- value of the orders placed on those days, in currency
    s.mature_refunded::decimal(28, 4) as mature_refunded, -- refunded of it, in currency
    coalesce(s.buyers_30, 0)::bigint as buyers_30, -- buyers whose first order came 30 days before a day of the span
    coalesce(s.repeated_30, 0)::bigint as repeated_30, -- of them those who ordered again within 30 days
    coalesce(s.buyers_60, 0)::bigint as buyers_60, -- buyers whose first order came 60 days before a day of the span
    coalesce(s.repeated_60, 0)::bigint as repeated_60, -- of them those who ordered again within 60 days
    coalesce(s.buyers_90, 0)::bigint as buyers_90, -- buyers whose first order came 90 days before a day of the span
    coalesce(s.repeated_90, 0)::bigint as repeated_90 -- of them those who ordered again within 90 days
from summed as s
