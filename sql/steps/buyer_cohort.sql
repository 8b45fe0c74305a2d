-- The buyers whose first order on a platform came in a month, by the partnership that brought it: how many returned, what they kept.
-- '' is without a partnership. A count is of those whose days have passed by the platform's last order. From order events.
-- grain: platform, partnership_id, cohort_month
-- twin: no
-- portable: yes
with last as (
    select o.platform, p.reporting_currency, cast(max(o.event_time) as date) as last_on
    from core.order_event as o
    join core.platform as p on p.platform = o.platform
    group by o.platform, p.reporting_currency
),
told as (
    select
        o.platform, o.buyer_id_hash, o.event_id, o.status, cast(o.event_time as date) as date, l.last_on, l.reporting_currency,
        cast(o.amount as decimal(20, 4)) * c.rate as amount
    from core.order_event as o
    join last as l on l.platform = o.platform
    left join core.conversion_rate as c on c.date = cast(o.event_time as date) and c.currency = o.currency and c.to_currency = l.reporting_currency
),
buyer as (
    select
        f.platform, f.partnership_id, f.buyer_id_hash, f.first_on, t.last_on, t.reporting_currency,
        min(case when t.event_id <> f.event_id and t.status <> 'cancelled' then date_diff('day', f.first_on, t.date) end) as back_after,
        sum(case when t.status = 'placed' and t.date <= f.first_on + 90 then t.amount else 0 end) as net_90,
        sum(case when t.date + 30 <= t.last_on then t.amount else 0 end) as mature_gmv,
        sum(case when t.date + 30 <= t.last_on and t.status = 'refunded' then t.amount else 0 end) as mature_refunded,
        sum(case when t.amount is null then 1 else 0 end) as rateless
    from core.first_purchase as f
    join told as t on t.platform = f.platform and t.buyer_id_hash = f.buyer_id_hash
    group by f.platform, f.partnership_id, f.buyer_id_hash, f.first_on, t.last_on, t.reporting_currency
),
cohort as (
    select
        b.platform, b.partnership_id, cast(date_trunc('month', b.first_on) as date) as cohort_month, b.reporting_currency, b.last_on, count(*) as buyers, sum(b.rateless) as rateless,
        sum(case when b.first_on + 30 <= b.last_on then 1 else 0 end) as due_30, sum(case when b.first_on + 30 <= b.last_on and b.back_after <= 30 then 1 else 0 end) as back_30,
        sum(case when b.first_on + 60 <= b.last_on then 1 else 0 end) as due_60, sum(case when b.first_on + 60 <= b.last_on and b.back_after <= 60 then 1 else 0 end) as back_60,
        sum(case when b.first_on + 90 <= b.last_on then 1 else 0 end) as due_90, sum(case when b.first_on + 90 <= b.last_on and b.back_after <= 90 then 1 else 0 end) as back_90,
        sum(case when b.first_on + 90 <= b.last_on then b.net_90 else 0 end) as net_90, sum(b.mature_gmv) as mature_gmv, sum(b.mature_refunded) as mature_refunded
    from buyer as b
    group by b.platform, b.partnership_id, cast(date_trunc('month', b.first_on) as date), b.reporting_currency, b.last_on
)
select
    c.platform::varchar           as platform,        -- where
    c.partnership_id::varchar     as partnership_id,  -- partnership that brought the first order; '' is none
    c.cohort_month::date          as cohort_month,    -- first day of the month of the first order
    c.reporting_currency::varchar as currency,        -- currency of the amounts
    c.last_on::date               as last_on,         -- day of the platform's last order
    c.buyers::bigint              as buyers,          -- persons whose first order it was
    c.due_30::bigint              as due_30,          -- of them those whose 30 days have passed
    c.back_30::bigint             as back_30,         -- of those the ones with another order within 30 days that was not cancelled
    c.due_60::bigint              as due_60,          -- of them those whose 60 days have passed
    c.back_60::bigint             as back_60,         -- of those the ones with another order within 60 days that was not cancelled
    c.due_90::bigint              as due_90,          -- of them those whose 90 days have passed
    c.back_90::bigint             as back_90,         -- of those the ones with another order within 90 days that was not cancelled
    c.rateless::bigint            as rateless_orders, -- orders in a currency for which there is no rate
    (case when c.rateless = 0 then c.net_90 end)::decimal(28, 4) as net_90, -- orders of those whose 90 days have passed, neither cancelled nor refunded, within them, in currency; empty without a rate
    (case when c.rateless = 0 then c.mature_gmv end)::decimal(28, 4) as mature_gmv, -- their orders that are 30 days old, so that refunds had time, in currency; empty without a rate
    (case when c.rateless = 0 then c.mature_refunded end)::decimal(28, 4) as mature_refunded -- refunded of it, in currency; empty without a rate
from cohort as c
