-- What does a buyer cost by channel? The 28 days up to the last one of which the platform's spend is known, dearest
-- first.
-- How to read it: cost is marketing spend for one new buyer by last touch of the shop's own orders, and the truth lies
-- in the interval with 95 % confidence; claims is how many orders the ad
-- platform claims for each that the shop has. Channel '' is the platform: its cost is blended. Look at the share of
-- unattributed first: its buyers came by some channel. No cost without a number is 0; validity says why.
-- Without daily data of your own this is empty.
with latest as (
    select
        cost.platform,
        max(cost.date) as date
    from marts.channel_cost as cost
    where cost.span = 'day' and cost.channel = '' and cost.marketing_spend is not null
    group by cost.platform
)
select
    cost.platform,
    cost.channel,
    cost.marketing_spend::bigint as spend,
    cost.new_buyers as buyers,
    round(100 * cost.new_buyer_share, 1) as share,
    round(cost.cac, 2) as cost,
    format('[{:.2f}, {:.2f}]', cost.cac_low, cost.cac_high) as interval,
    cost.currency as unit,
    round(cost.claims_per_order, 2) as claims,
    cost.validity
from marts.channel_cost as cost
join latest on latest.platform = cost.platform and latest.date = cost.date
where cost.span = 'trailing_28'
order by cost.platform, cost.cac desc nulls last, cost.channel
-- Answer: over all channels sim_bazaar of the demo pays 14.92 USD a new buyer [13.88, 16.06], through ads 27.69 USD
-- [24.20, 31.83].
