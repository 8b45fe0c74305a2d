-- A growth team's morning, 3 of 5: how far does a platform depend on its partners, month by month, and whom would it
-- miss?
-- How to read it: hhi is 1 where one partner brings all that partners bring, and 1 / partners where each brings the
-- same. top_pct is the share of all new buyers that would be gone with the largest partner, gmv_pct that of net GMV;
-- from 25 % on the platform depends on one_partner. Without daily data of your own this is empty.
select
    dependency.platform,
    dependency.date as month_end,
    dependency.partners,
    round(100 * dependency.partner_share, 1) as share,
    round(dependency.hhi, 3) as hhi,
    dependency.top_partnership_id as largest,
    round(100 * dependency.top_share_of_platform, 1) as top_pct,
    round(100 * dependency.top_share_of_net_gmv, 1) as gmv_pct,
    list_contains(dependency.flags, 'single_partner_dependency') as one_partner
from marts.partnership_dependency as dependency
where dependency.span = 'month'
order by dependency.platform, dependency.date desc
-- Answer: sim_bazaar of the demo would miss sim_video_bazaar_link most, which brought 20.6 % of its new buyers in the
-- month to 2025-12-31.
