-- Which inputs of acquisition cost were printed, by whom, and which are missing?
-- How to read it: gaps are periods for which the figure is not in this data set, printed or not; bounds are "about" and
-- "more than".
select
    coverage.platform,
    coverage.metric,
    date_diff('month', coverage.period_start, coverage.period_end + 1) as months,
    count(*) filter (where coverage.status = 'figure') as figures,
    count(*) filter (where coverage.status = 'bound') as bounds,
    count(*) filter (where coverage.status = 'gap') as gaps,
    min(coverage.period_end) filter (where coverage.status = 'figure') as first_figure,
    max(coverage.period_end) filter (where coverage.status = 'figure') as last_figure
from marts.coverage as coverage
where coverage.metric in ('sm_expense', 'annual_active_buyers')
group by coverage.platform, coverage.metric, months
order by coverage.platform, coverage.metric, months
-- Answer: Pinduoduo's buyers of twelve months are here from 2017-06-30 to 2022-03-31, 20 counts, and missing for 2
-- dates; of JD's, 25 are here and 19 missing.
