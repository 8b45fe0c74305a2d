-- What does a new buyer cost by channel, in the last 28 days of which a platform's spend is known.
with latest as (
    select
        cost.platform,
        max(cost.date) as date
    from marts.channel_cost as cost
    where cost.span = 'day' and cost.channel = '' and cost.marketing_spend is not null
    group by cost.platform
)
select
    platform.name,
    cost.channel,
    cost.first_day,
    cost.date,
    cost.marketing_spend,
    cost.currency,
    cost.new_buyers,
    cost.cac,
    cost.cac_low,
    cost.cac_high,
    cost.year_cac,
    cost.claims_per_order,
    cost.validity,
    if(cost.cac is null, term.meaning, null) as why,
    cost.flags
from marts.channel_cost as cost
join latest on latest.platform = cost.platform and latest.date = cost.date
left join core.platform as platform on platform.platform = cost.platform
left join core.term as term on term.kind = 'validity' and term.term = cost.validity
where cost.span = 'trailing_28' and cost.marketing_spend <> 0
order by cost.platform, cost.cac desc nulls last, cost.channel
