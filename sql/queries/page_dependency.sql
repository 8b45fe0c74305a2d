-- How far does a platform depend on its partners: month by month, the share of new buyers that the largest one brings.
select
    platform.name,
    dependency.date,
    dependency.partners,
    dependency.partner_new_buyers,
    dependency.platform_new_buyers,
    dependency.partner_share,
    dependency.hhi,
    dependency.top_partnership_id,
    dependency.top_new_buyers,
    dependency.top_share_of_platform,
    dependency.flags
from marts.partnership_dependency as dependency
left join core.platform as platform on platform.platform = dependency.platform
where dependency.span = 'month'
order by dependency.platform, dependency.date
