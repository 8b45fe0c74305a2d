-- How fresh the figures are: the last period of each platform, the day of its latest document that has a date, and how
-- many figures are in documents without one.
select
    platform.name,
    count(*) as figures,
    count(*) filter (where figure.published_on is null) as undated_figures,
    max(figure.period_end) as last_period,
    max(figure.published_on) as latest_document_on
from core.observation as figure
join core.platform as platform on platform.platform = figure.platform
group by platform.platform, platform.name
order by last_period desc, platform.platform
