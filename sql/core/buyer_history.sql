-- What a model of buyers needs to know of each: on how many days it ordered after the first, when last, how long it is
-- known, and what the later days brought; once as of the end of observation, and once without the last third of the
-- platform's days (365 at most), against which a forecast is held.
-- Observation ends 30 days before the platform's last order, so that refunds had time. Orders of one day are one;
-- cancelled ones are none. Whoever ordered before the first delivered order counts as new.
-- group: buyers
-- grain: platform, buyer_id_hash
-- twin: no
-- portable: yes
with ordered as (
    select
        order_event.platform,
        platform.reporting_currency,
        min(order_event.date) as since,
        max(order_event.date) - 30 as known_until
    from core.order_attribution as order_event
    join core.platform_ever as platform on platform.platform = order_event.platform
    where order_event.basis = 'last_touch'
    group by order_event.platform, platform.reporting_currency
),
span as (
    select
        ordered.platform,
        ordered.reporting_currency,
        ordered.since,
        ordered.known_until,
        case
            when date_diff('day', ordered.since, ordered.known_until) >= 1095 then 365
            else cast(floor(date_diff('day', ordered.since, ordered.known_until) / 3) as integer)
        end as held_days
    from ordered
),
kept as (
    select
        order_event.platform,
        order_event.buyer_id_hash,
        order_event.date,
        bool_or(order_event.is_simulated) as is_simulated,
        sum(case when conversion.rate is null then 1 else 0 end) as rateless,
        sum(
            cast(
                cast(
                    case
                        when order_event.status = 'refunded'
                            then order_event.amount - coalesce(order_event.refunded, order_event.amount)
                        else order_event.amount - coalesce(order_event.refunded, 0)
                    end as decimal(19, 4)
                )
                * conversion.rate as decimal(30, 14)
            )
            * conversion.rate_unit
        ) as value
    from core.order_attribution as order_event
    join span on span.platform = order_event.platform
    left join
        core.conversion_rate as conversion
        on
            conversion.date = order_event.date
            and conversion.currency = order_event.currency
            and conversion.to_currency = span.reporting_currency
    where
        order_event.basis = 'last_touch'
        and order_event.status <> 'cancelled'
        and order_event.buyer_id_hash is not null
        and order_event.date <= span.known_until
    group by order_event.platform, order_event.buyer_id_hash, order_event.date
),
placed as (
    select
        kept.platform,
        kept.buyer_id_hash,
        kept.date,
        kept.is_simulated,
        kept.rateless,
        kept.value,
        first.channel,
        first.first_on,
        span.reporting_currency,
        span.since,
        span.known_until,
        span.held_days,
        kept.date > first.first_on as is_later,
        kept.date <= span.known_until - span.held_days as is_fitted
    from kept
    join
        core.first_kept_purchase as first
        on first.platform = kept.platform and first.buyer_id_hash = kept.buyer_id_hash
    join span on span.platform = kept.platform
),
buyer as (
    select
        placed.platform,
        placed.buyer_id_hash,
        placed.channel,
        placed.first_on,
        placed.reporting_currency,
        placed.since,
        placed.known_until,
        placed.held_days,
        placed.first_on <= placed.known_until - placed.held_days as is_fitted,
        bool_or(placed.is_simulated) as is_simulated,
        max(placed.date) as last_on,
        max(case when placed.is_fitted then placed.date end) as fit_last_on,
        sum(case when placed.is_later then 1 else 0 end) as frequency,
        sum(case when placed.is_later and placed.is_fitted then 1 else 0 end) as fit_frequency,
        sum(case when placed.is_later then placed.rateless else 0 end) as rateless,
        sum(case when placed.is_later then placed.value else 0 end) as value,
        sum(case when placed.is_later and placed.is_fitted then placed.value else 0 end) as fit_value
    from placed
    group by
        placed.platform,
        placed.buyer_id_hash,
        placed.channel,
        placed.first_on,
        placed.reporting_currency,
        placed.since,
        placed.known_until,
        placed.held_days
)
select
    buyer.platform::varchar as platform,            -- slug
    buyer.buyer_id_hash::varchar as buyer_id_hash,  -- hash of the buyer's identifier
    buyer.channel::varchar as channel,              -- channel that brought the first order that was not cancelled
    buyer.first_on::date as first_on,               -- day of it, UTC
    buyer.since::date as since,                     -- day of the platform's first order here
    buyer.known_until::date as known_until,         -- end of observation: 30 days before the last order
    buyer.frequency::bigint as frequency,           -- later days with an order
    date_diff('day', buyer.first_on, buyer.last_on)::bigint as recency_days,
    -- days from the first to the last day with an order; 0 without a later one
    date_diff('day', buyer.first_on, buyer.known_until)::bigint as age_days,  -- days from the first to known_until
    (case when buyer.rateless = 0 then buyer.value end)::decimal(28, 4) as later_value,
    -- orders of the later days, without what was refunded, in currency; empty without a rate
    buyer.reporting_currency::varchar as currency,  -- currency of the amounts
    buyer.held_days::bigint as held_days,           -- last days of the platform that are held back from the fit
    (case when buyer.is_fitted then buyer.fit_frequency end)::bigint as fit_frequency,
    -- of the later days those before them; empty where the first order came within them
    (case when buyer.is_fitted then date_diff('day', buyer.first_on, buyer.fit_last_on) end)::bigint
        as fit_recency_days,
    -- days from the first to the last day with an order before them; empty as fit_frequency
    (case when buyer.is_fitted then date_diff('day', buyer.first_on, buyer.known_until) - buyer.held_days end)::bigint
        as fit_age_days,                            -- days from the first to the last before them; empty likewise
    (case when buyer.is_fitted and buyer.rateless = 0 then buyer.fit_value end)::decimal(28, 4) as fit_later_value,
    -- later_value of the days before them; empty likewise, or without a rate
    buyer.is_simulated::boolean as is_simulated     -- true where an order is made up, for a demo
from buyer
