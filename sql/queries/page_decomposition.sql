-- Did the cost of a year change because more was spent, or because fewer buyers were won: the parts are the change.
select
    platform.name,
    change.scope,
    change.previous_period_end,
    change.period_end,
    change.cac_before,
    change.cac_after,
    change.currency,
    change.log_change,
    change.log_change_low,
    change.log_change_high,
    change.spend_part,
    change.spend_part_low,
    change.spend_part_high,
    change.net_adds_part,
    change.net_adds_part_low,
    change.net_adds_part_high,
    change.larger_part,
    change.validity,
    change.flags,
    change.input_observation_ids,
    change.known_on
from marts.cac_decomposition as change
join core.platform as platform on platform.platform = change.platform
where change.definition = 'cac_net_12m' and change.log_change is not null
order by change.currency, change.platform, change.scope, change.period_end
