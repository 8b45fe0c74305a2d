-- A growth team's morning, 3 of 5: how far does a platform depend on its partners, month by month, and whom would it
-- miss?
-- How to read it: hhi is 1 where one partner brings all that partners bring, and 1 / partners where each brings the
-- same. top_of_platform is the share of all new buyers that would be gone with the largest partner; from 25 % on the
-- row says single_partner_dependency. attribution_overlap: the partners claim more new buyers than the platform has.
-- Without daily data of your own this is empty.
select
    dependency.platform,
    dependency.date as month_end,
    dependency.partners,
    round(100 * dependency.partner_share, 1) as partner_pct,
    round(dependency.hhi, 3) as hhi,
    dependency.top_partnership_id,
    dependency.top_new_buyers,
    round(100 * dependency.top_share_of_partners, 1) as top_of_partners_pct,
    round(100 * dependency.top_share_of_platform, 1) as top_of_platform_pct,
    round(100 * dependency.top_share_of_net_gmv, 1) as top_of_net_gmv_pct,
    dependency.flags
from marts.partnership_dependency as dependency
where dependency.span = 'month'
order by dependency.platform, dependency.date desc
