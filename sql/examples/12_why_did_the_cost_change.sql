-- Did acquisition cost change because more was spent, or because fewer buyers were won?
-- How to read it: cac_factor = spend_factor / net_adds_factor exactly, each against the window a year earlier; 1 is no
-- change. spend_pct is the part of the spend in the change, in logarithms; above 100 the other part pulled the other
-- way. Pinduoduo's 557.93 of 2021 is no explosion of spend: 8 % of the change is spend, the rest net adds that fell to
-- 80 million.
select
    change.platform,
    change.scope,
    change.previous_period_end as from_window,
    change.period_end as to_window,
    round(change.cac_before, 2) as before,
    round(change.cac_after, 2) as after,
    round(change.cac_factor, 2) as cac_factor,
    round(change.spend_factor, 2) as spend_factor,
    round(change.net_adds_factor, 2) as net_adds_factor,
    round(100 * change.spend_share) as spend_pct,
    change.larger_part,
    change.validity
from marts.cac_decomposition as change
where change.definition = 'cac_net_12m'
order by change.platform, change.scope, change.period_end
