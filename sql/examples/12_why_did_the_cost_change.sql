-- Did acquisition cost change because more was spent, or because fewer buyers were won?
-- How to read it: cost_x = spend_x / buyers_x exactly, how many times the cost, the spend and the net adds are those of
-- the window a year earlier. spend_share of the mart is the part of the spend in the change, in logarithms. Pinduoduo's
-- 557.93 of 2021 is no explosion of spend: 8 % of the change is spend, the rest net adds that fell to 80 million.
select
    change.platform,
    change.scope,
    change.period_end as to_window,
    round(change.cac_after, 2) as cac,
    round(change.cac_factor, 2) as cost_x,
    round(change.spend_factor, 2) as spend_x,
    round(change.net_adds_factor, 2) as buyers_x,
    coalesce(change.larger_part, change.validity) as larger_part
from marts.cac_decomposition as change
where change.definition = 'cac_net_12m'
order by change.platform, change.scope, change.period_end
-- Answer: because fewer were won, where it rose most: Pinduoduo's cost of the year to 2021-12-31 was 2.75 times that of
-- the year before, its spend 1.09 times, its net adds 0.4 times (net_adds_fell).
