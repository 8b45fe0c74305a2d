-- What is missing for a cost, and where it could be had: the last buyers and expense of each platform, and its gaps.
select
    if(count(*) filter (where coverage.status in ('gap', 'due')) = 0, 'whole', 'missing') as sentence,
    platform.name,
    max(coverage.period_end) filter (
        where coverage.metric = 'annual_active_buyers' and coverage.status in ('figure', 'bound')
    ) as last_buyers,
    max(coverage.period_end) filter (
        where coverage.metric = 'sm_expense' and coverage.status in ('figure', 'bound')
    ) as last_expense,
    count(*) filter (where coverage.status = 'gap') as gaps,
    count(*) filter (where coverage.status = 'due') as due,
    platform.company,
    platform.listing,
    'https://www.sec.gov/cgi-bin/browse-edgar?action=getcompany&CIK=' || platform.sec_cik as source_url
from marts.coverage as coverage
join core.platform as platform on platform.platform = coverage.platform and platform.role = 'supply'
where coverage.metric in ('sm_expense', 'annual_active_buyers')
group by platform.platform, platform.name, platform.company, platform.listing, platform.sec_cik
order by platform.platform
