-- The buyers whose first order on a platform came in a month, by the partnership that brought it: how many returned,
-- what they kept.
-- '' is without a partnership. A count is of those whose days have passed by the platform's last order. To return is to
-- place an order on a later day that was not cancelled. Cancelled orders are in no amount. From order events.
-- group: buyers
-- grain: platform, partnership_id, cohort_month
-- twin: no
-- portable: yes
with last as (
    select
        order_event.platform,
        platform.reporting_currency,
        max(order_event.date) as last_on
    from core.order_attribution as order_event
    join core.platform_ever as platform on platform.platform = order_event.platform
    where order_event.basis = 'last_touch'
    group by order_event.platform, platform.reporting_currency
),
kept as (
    select
        order_event.platform,
        order_event.buyer_id_hash,
        order_event.date,
        cast(cast(order_event.amount as decimal(19, 4)) * conversion.rate as decimal(30, 14)) * conversion.rate_unit
            as amount,
        case
            when order_event.status = 'placed' and order_event.refunded is null then 0
            else
                cast(
                    cast(coalesce(order_event.refunded, order_event.amount) as decimal(19, 4))
                    * conversion.rate as decimal(30, 14)
                )
                * conversion.rate_unit
        end as refunded
    from core.order_attribution as order_event
    join last on last.platform = order_event.platform
    left join
        core.conversion_rate as conversion
        on
            conversion.date = order_event.date
            and conversion.currency = order_event.currency
            and conversion.to_currency = last.reporting_currency
    where order_event.basis = 'last_touch' and order_event.status <> 'cancelled'
),
buyer as (
    select
        first_purchase.platform,
        first_purchase.partnership_id,
        first_purchase.buyer_id_hash,
        first_purchase.first_on,
        last.last_on,
        last.reporting_currency,
        min(
            case
                when kept.date > first_purchase.first_on
                    then date_diff('day', first_purchase.first_on, kept.date)
            end
        ) as back_after,
        sum(case when kept.date <= first_purchase.first_on + 90 then kept.amount - kept.refunded else 0 end) as net_90,
        sum(case when kept.date + 30 <= last.last_on then kept.amount else 0 end) as mature_gmv,
        sum(case when kept.date + 30 <= last.last_on then kept.refunded else 0 end) as mature_refunded,
        sum(case when kept.date is not null and kept.amount is null then 1 else 0 end) as rateless
    from core.first_purchase as first_purchase
    join last on last.platform = first_purchase.platform
    left join kept on kept.platform = first_purchase.platform and kept.buyer_id_hash = first_purchase.buyer_id_hash
    group by
        first_purchase.platform,
        first_purchase.partnership_id,
        first_purchase.buyer_id_hash,
        first_purchase.first_on,
        last.last_on,
        last.reporting_currency
),
cohort as (
    select
        buyer.platform,
        buyer.partnership_id,
        cast(date_trunc('month', buyer.first_on) as date) as cohort_month,
        buyer.reporting_currency,
        buyer.last_on,
        count(*) as buyers,
        sum(buyer.rateless) as rateless,
        sum(case when buyer.first_on + 30 <= buyer.last_on then 1 else 0 end) as due_30,
        sum(case when buyer.first_on + 30 <= buyer.last_on and buyer.back_after <= 30 then 1 else 0 end) as back_30,
        sum(case when buyer.first_on + 60 <= buyer.last_on then 1 else 0 end) as due_60,
        sum(case when buyer.first_on + 60 <= buyer.last_on and buyer.back_after <= 60 then 1 else 0 end) as back_60,
        sum(case when buyer.first_on + 90 <= buyer.last_on then 1 else 0 end) as due_90,
        sum(case when buyer.first_on + 90 <= buyer.last_on and buyer.back_after <= 90 then 1 else 0 end) as back_90,
        sum(case when buyer.first_on + 90 <= buyer.last_on then buyer.net_90 else 0 end) as net_90,
        sum(buyer.mature_gmv) as mature_gmv,
        sum(buyer.mature_refunded) as mature_refunded
    from buyer
    group by
        buyer.platform,
        buyer.partnership_id,
        cast(date_trunc('month', buyer.first_on) as date),
        buyer.reporting_currency,
        buyer.last_on
)
select
    cohort.platform::varchar as platform,              -- where
    cohort.partnership_id::varchar as partnership_id,  -- partnership that brought the first order; '' is none
    cohort.cohort_month::date as cohort_month,         -- first day of the month of the first order
    cohort.reporting_currency::varchar as currency,    -- currency of the amounts
    cohort.last_on::date as last_on,                   -- day of the platform's last order
    cohort.buyers::bigint as buyers,                   -- persons whose first order it was
    cohort.due_30::bigint as due_30,                   -- of them those whose 30 days have passed
    cohort.back_30::bigint as back_30,  -- of those the ones who returned within 30 days
    cohort.due_60::bigint as due_60,                   -- of them those whose 60 days have passed
    cohort.back_60::bigint as back_60,  -- of those the ones who returned within 60 days
    cohort.due_90::bigint as due_90,                   -- of them those whose 90 days have passed
    cohort.back_90::bigint as back_90,  -- of those the ones who returned within 90 days
    cohort.rateless::bigint as rateless_orders,        -- orders not cancelled in a currency without a rate
    (case when cohort.rateless = 0 then cohort.net_90 end)::decimal(28, 4) as net_90,
    -- orders of those whose 90 days have passed, without what was cancelled or refunded, within them, in currency;
    -- empty without a rate
    (case when cohort.rateless = 0 then cohort.mature_gmv end)::decimal(28, 4) as mature_gmv,
    -- their orders not cancelled that are 30 days old, so that refunds had time, in currency; empty without a rate
    (case when cohort.rateless = 0 then cohort.mature_refunded end)::decimal(28, 4) as mature_refunded
    -- refunded of it, in currency; empty without a rate
from cohort
