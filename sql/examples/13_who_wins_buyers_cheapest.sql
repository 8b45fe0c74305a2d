-- Which platform won its buyers cheapest, year by year?
-- How to read it: rank counts only those that are surely cheaper; where rank_worst is larger, intervals overlap and the
-- order among them is open (tied_with). Each perimeter stands on its own. nearest_year sets a fiscal year beside the
-- calendar year that holds most of it: Alibaba's April to March is no one else's window. ranked = 1 is a rank among
-- none. Here all are compared in one currency: own_currency and average_rate say what was converted and how; with
-- compared_in = 'own_currency' each currency has a ranking of its own. Natures of expense never meet.
select
    peer_rank.period,
    peer_rank.rank,
    peer_rank.rank_worst,
    peer_rank.platform,
    peer_rank.scope,
    peer_rank.period_start,
    peer_rank.period_end,
    round(peer_rank.cac, 2) as cac,
    round(peer_rank.cac_low, 2) as low,
    round(peer_rank.cac_high, 2) as high,
    peer_rank.currency,
    peer_rank.own_currency,
    peer_rank.average_rate,
    peer_rank.expense_nature,
    peer_rank.ranked,
    peer_rank.validity,
    peer_rank.flags
from marts.peer_rank as peer_rank
where
    peer_rank.definition = 'cac_net_12m'
    and peer_rank.basis = 'nearest_year'
    and peer_rank.compared_in = 'reporting_currency'
order by peer_rank.period, peer_rank.rank nulls last, peer_rank.platform, peer_rank.scope
