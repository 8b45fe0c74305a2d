-- Did acquisition cost change because more was spent, or because fewer buyers were won?
-- How to read it: spend_part + net_adds_part = log_change exactly. A share above 1 means that the other part pulled the
-- other way. Pinduoduo's 557.93 of 2021 is no explosion of spend: 92 % of the change is net adds that fell to 80 million.
select
    d.platform, d.scope, d.previous_period_end as from_window, d.period_end as to_window, round(d.cac_before, 2) as before,
    round(d.cac_after, 2) as after, round(d.log_change, 3) as log_change, round(d.spend_part, 3) as spend_part,
    round(d.net_adds_part, 3) as net_adds_part, round(100 * d.spend_share) as spend_pct, d.larger_part, d.validity
from marts.cac_decomposition as d
where d.definition = 'cac_net_12m'
order by d.platform, d.scope, d.period_end
