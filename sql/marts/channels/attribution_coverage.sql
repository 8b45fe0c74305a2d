-- How many orders of a day each rule placed, and how many nothing places: the shares of a platform's day add up to 1.
-- grain: platform, date, channel, evidence, value, rank
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with summed as (
    select
        attribution.platform,
        attribution.date,
        attribution.channel,
        attribution.evidence,
        coalesce(attribution.value, '') as value,
        coalesce(attribution.rank, -1) as rank,
        count(*) as orders,
        sum(case when attribution.is_contradicted then 1 else 0 end) as contradicted,
        sum(case when attribution.channel <> attribution.channel_before then 1 else 0 end) as moved,
        bool_or(attribution.is_simulated) as is_simulated,
        max(attribution.loaded_at) as loaded_at
    from core.order_attribution as attribution
    where attribution.basis = 'last_touch'
    group by
        attribution.platform,
        attribution.date,
        attribution.channel,
        attribution.evidence,
        coalesce(attribution.value, ''),
        coalesce(attribution.rank, -1)
)
select
    summed.platform::varchar as platform,                -- slug
    summed.date::date as date,                           -- day of the orders, UTC
    summed.channel::varchar as channel,                  -- channel; unattributed where nothing places the orders
    summed.evidence::varchar as evidence,
    -- what the rule looked at; channel for a delivered one, '' where nothing places the orders
    summed.value::varchar as value,                      -- value of the rule, or the delivered channel
    nullif(summed.rank, -1)::bigint as rank,             -- rank of the rule; 0 for a delivered channel
    summed.orders::bigint as orders,                     -- orders placed so
    (
        cast(summed.orders as double)
        / cast(sum(summed.orders) over (partition by summed.platform, summed.date) as double)
    )::double as share,                                  -- of the orders of the platform's day, 0 to 1
    summed.contradicted::bigint as contradicted_orders,  -- of them those of which two traces name two channels
    summed.moved::bigint as moved_orders,
    -- of them those that were in another channel before the rules changed last
    summed.is_simulated::boolean as is_simulated,        -- true where an order is made up, for a demo
    summed.loaded_at::timestamp as loaded_at           -- when this warehouse knew the orders, UTC
from summed
