-- Which inputs of acquisition cost were printed, by whom, and which are missing?
-- How to read it: gaps are periods for which nobody in the data set printed the figure; bounds are "about" and "more than".
select
    v.platform, v.metric, date_diff('month', v.period_start, v.period_end + 1) as months,
    count(*) filter (where v.status = 'figure') as figures, count(*) filter (where v.status = 'bound') as bounds,
    count(*) filter (where v.status = 'gap') as gaps, min(v.period_end) filter (where v.status = 'figure') as first_figure,
    max(v.period_end) filter (where v.status = 'figure') as last_figure
from marts.coverage as v
where v.metric in ('sm_expense', 'annual_active_buyers')
group by v.platform, v.metric, months
order by v.platform, v.metric, months
