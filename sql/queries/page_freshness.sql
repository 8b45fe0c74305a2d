-- How fresh the figures are: the last period and the last day of knowledge of each platform; and the network sources.
select
    platform.name,
    count(*) as figures,
    max(figure.period_end) as last_period,
    max(figure.published_on) as latest_document_on
from core.observation as figure
join core.platform as platform on platform.platform = figure.platform
group by platform.platform, platform.name
order by last_period desc, platform.platform
