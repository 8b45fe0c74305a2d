-- What the last change of the rules moved: orders of a day that were in one channel before and are in another now.
-- grain: platform, date, channel_before, channel, currency
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with changed as (
    select
        step.platform,
        max(step.changed_at) as changed_at
    from core.attribution_step as step
    group by step.platform
)
select
    attribution.platform::varchar as platform,              -- slug
    attribution.date::date as date,                         -- day of the orders, UTC
    attribution.channel_before::varchar as channel_before,  -- channel before the rules changed last
    attribution.channel::varchar as channel,                -- channel now
    attribution.currency::varchar as currency,              -- ISO 4217 code of the amounts
    count(*)::bigint as orders,                             -- orders that moved
    sum(attribution.amount)::decimal(28, 4) as gmv,         -- their value, in currency
    changed.changed_at::timestamp as changed_at,          -- when the rules of the platform changed last, UTC
    bool_or(attribution.is_simulated)::boolean as is_simulated  -- true where an order is made up, for a demo
from core.order_attribution as attribution
join changed on changed.platform = attribution.platform
where attribution.basis = 'last_touch' and attribution.channel <> attribution.channel_before
group by
    attribution.platform,
    attribution.date,
    attribution.channel_before,
    attribution.channel,
    attribution.currency,
    changed.changed_at
