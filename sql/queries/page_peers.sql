-- Who wins buyers cheapest: ranks of the cost over twelve months within a calendar year and a currency, with ties.
-- Every cost of a comparison is here, also one that is compared with none because the others are of unknown days.
select
    peer.period,
    platform.name,
    peer.rank,
    peer.rank_worst,
    peer.ranked,
    peer.cac,
    peer.cac_low,
    peer.cac_high,
    peer.currency,
    peer.period_start,
    peer.period_end,
    peer.scope,
    peer.expense_nature,
    peer.tied_with,
    peer.validity,
    peer.flags,
    peer.own_currency,
    peer.compared_known_on,
    peer.input_observation_ids
from marts.peer_rank as peer
join core.platform as platform on platform.platform = peer.platform
where
    peer.definition = 'cac_net_12m'
    and peer.basis = 'nearest_year'
    and peer.compared_in = 'own_currency'
    and peer.rank is not null
qualify
    max(peer.ranked) over (partition by peer.period, peer.currency, peer.expense_nature) > 1
order by peer.currency, peer.expense_nature, peer.period desc, peer.rank, peer.cac
