-- Which platform won its buyers cheapest, year by year?
-- How to read it: rank counts only those that are surely cheaper; where rank_worst is larger, intervals overlap and the
-- order among them is open (tied_with). Each perimeter stands on its own. nearest_year sets a fiscal year beside the calendar
-- year that holds most of it: Alibaba's April to March is no one else's window. ranked = 1 is a rank among none.
select
    p.period, p.rank, p.rank_worst, p.platform, p.scope, p.period_start, p.period_end, round(p.cac, 2) as cac,
    round(p.cac_low, 2) as low, round(p.cac_high, 2) as high, p.currency, p.ranked, p.validity, p.flags
from marts.peer_rank as p
where p.definition = 'cac_net_12m' and p.basis = 'nearest_year'
order by p.period, p.rank nulls last, p.platform, p.scope
