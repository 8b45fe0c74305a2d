-- Did acquisition cost change because more was spent, or because fewer buyers were won?
-- How to read it: spend_part + net_adds_part = log_change exactly. A share above 1 means that the other part pulled the
-- other way. Pinduoduo's 557.93 of 2021 is no explosion of spend: 92 % of the change is net adds that fell to 80
-- million.
select
    change.platform,
    change.scope,
    change.previous_period_end as from_window,
    change.period_end as to_window,
    round(change.cac_before, 2) as before,
    round(change.cac_after, 2) as after,
    round(change.log_change, 3) as log_change,
    round(change.spend_part, 3) as spend_part,
    round(change.net_adds_part, 3) as net_adds_part,
    round(100 * change.spend_share) as spend_pct,
    change.larger_part,
    change.validity
from marts.cac_decomposition as change
where change.definition = 'cac_net_12m'
order by change.platform, change.scope, change.period_end
