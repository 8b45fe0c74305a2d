-- Who wins buyers cheapest: ranks of the cost over twelve months within a calendar year and a currency, with ties.
select
    peer.period,
    peer.currency,
    peer.rank,
    peer.rank_worst,
    peer.ranked,
    platform.name,
    peer.scope,
    peer.cac,
    peer.cac_low,
    peer.cac_high,
    peer.own_currency,
    peer.expense_nature,
    peer.tied_with,
    peer.validity,
    peer.flags,
    peer.compared_known_on,
    peer.input_observation_ids
from marts.peer_rank as peer
join core.platform as platform on platform.platform = peer.platform
where
    peer.definition = 'cac_net_12m'
    and peer.basis = 'nearest_year'
    and peer.compared_in = 'own_currency'
    and peer.rank is not null
    and peer.ranked > 1
order by peer.period desc, peer.currency, peer.rank, peer.platform
