-- Which platform won its buyers cheapest, year by year?
-- How to read it: rank counts only those that are surely cheaper; where worst is larger, intervals overlap and the
-- order among them is open (tied_with). Each perimeter stands on its own. nearest_year sets a fiscal year beside the
-- calendar year that holds most of it: Alibaba's April to March is no one else's window. Where ranked of the mart is 1,
-- the rank is one among none. Here all are compared in one currency, converted from own_currency by average_rate; with
-- compared_in = 'own_currency' each currency has a ranking of its own. Natures of expense never meet.
select
    peer_rank.period,
    peer_rank.rank,
    peer_rank.rank_worst as worst,
    peer_rank.platform || coalesce('/' || nullif(peer_rank.scope, ''), '') as platform,
    round(peer_rank.cac, 2) as cac_usd,
    format('[{:.2f}, {:.2f}]', peer_rank.cac_low, peer_rank.cac_high) as interval,
    peer_rank.validity
from marts.peer_rank as peer_rank
where
    peer_rank.definition = 'cac_net_12m'
    and peer_rank.basis = 'nearest_year'
    and peer_rank.compared_in = 'reporting_currency'
order by peer_rank.period, peer_rank.rank nulls last, peer_rank.platform, peer_rank.scope
-- Answer: in 2015 JD's core business, for 17.87 USD [17.84, 17.90], before Alibaba's Chinese retail marketplaces with
-- 24.36 USD [24.03, 24.70]; most other years have one number per currency and nothing to compare it with.
