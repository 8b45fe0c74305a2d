-- What of expense and buyers is known: figures, bounds, gaps and figures that are due, by platform and metric.
select
    platform.name,
    metric.label as figure,
    count(*) filter (where coverage.status = 'figure') as figures,
    count(*) filter (where coverage.status = 'bound') as bounds,
    count(*) filter (where coverage.status = 'gap') as gaps,
    count(*) filter (where coverage.status = 'due') as due,
    min(coverage.period_end) filter (where coverage.status = 'figure') as first_figure,
    max(coverage.period_end) filter (where coverage.status = 'figure') as last_figure,
    count(*) filter (where coverage.status in ('figure', 'bound') and coverage.known_on is null) as undated_figures,
    max(coverage.known_on) as latest_document_on
from marts.coverage as coverage
join core.platform as platform on platform.platform = coverage.platform
join core.metric as metric on metric.metric = coverage.metric
where coverage.metric in ('sm_expense', 'annual_active_buyers')
group by platform.platform, platform.name, metric.label
order by metric.label desc, platform.platform
