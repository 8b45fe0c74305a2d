-- Which figures did a company change after it had printed them, and by how much.
select
    platform.name,
    metric.label as figure,
    restatement.scope,
    restatement.period_start,
    restatement.period_end,
    restatement.first_value,
    restatement.latest_value,
    restatement.unit,
    restatement.change_pct,
    restatement.change_pct_low,
    restatement.change_pct_high,
    restatement.first_published_on,
    restatement.restated_on,
    restatement.times_restated,
    [restatement.first_observation_id, restatement.latest_observation_id] as input_observation_ids
from marts.restatement as restatement
join core.platform as platform on platform.platform = restatement.platform
join core.metric as metric on metric.metric = restatement.metric
order by restatement.platform, restatement.metric, restatement.period_end
