-- Did the cost of a year change because more was spent, or because fewer buyers were won: three factors of which the
-- first is the second over the third.
select
    platform.name,
    change.scope,
    change.previous_period_end,
    change.period_end,
    change.cac_before,
    change.cac_after,
    change.currency,
    change.cac_factor,
    change.cac_factor_low,
    change.cac_factor_high,
    change.spend_factor,
    change.spend_factor_low,
    change.spend_factor_high,
    change.net_adds_factor,
    change.net_adds_factor_low,
    change.net_adds_factor_high,
    change.larger_part,
    change.validity,
    change.flags,
    change.input_observation_ids,
    change.known_on
from marts.cac_decomposition as change
join core.platform as platform on platform.platform = change.platform
where change.definition = 'cac_net_12m' and change.cac_factor is not null
order by change.currency, change.platform, change.scope, change.period_end
