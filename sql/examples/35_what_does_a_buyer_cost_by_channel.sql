-- What does a buyer cost by channel? The 28 days up to the last one of which the platform's spend is known, dearest
-- first.
-- How to read it: cost is marketing spend for one new buyer by last touch of the shop's own orders, and the truth lies
-- between low and high with 95 % confidence; year is the same over the last 365 days. claims is how many orders the ad
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
    cost.date,
    cost.marketing_spend,
    cost.currency,
    cost.new_buyers,
    round(100 * cost.new_buyer_share, 1) as share_pct,
    round(cost.cac, 2) as cost,
    round(cost.cac_low, 2) as low,
    round(cost.cac_high, 2) as high,
    round(cost.year_cac, 2) as year,
    round(cost.marginal_cac, 2) as next_one,
    round(cost.loaded_cac, 2) as loaded,
    round(cost.claims_per_order, 2) as claims,
    round(cost.cac_reporting, 2) as cost_usd,
    cost.validity,
    cost.flags
from marts.channel_cost as cost
join latest on latest.platform = cost.platform and latest.date = cost.date
where cost.span = 'trailing_28'
order by cost.platform, cost.cac desc nulls last, cost.channel
