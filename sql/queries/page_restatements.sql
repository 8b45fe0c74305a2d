-- Which figures did a company change after it had printed them, by how much, and what that did to its cost over twelve
-- months: as it could be computed the day before and on the day.
select
    platform.name,
    metric.label as figure,
    restatement.period_start,
    restatement.period_end,
    restatement.first_value,
    restatement.latest_value,
    restatement.unit,
    restatement.change_pct,
    restatement.change_pct_low,
    restatement.change_pct_high,
    moved.cac_before,
    moved.cac_low_before as cac_before_low,
    moved.cac_high_before as cac_before_high,
    moved.cac_after,
    moved.cac_low_after as cac_after_low,
    moved.cac_high_after as cac_after_high,
    moved.currency,
    moved.row_end,
    moved.row_scope,
    moved.validity_after,
    moved.restated_on as moved_on,
    restatement.restated_on,
    restatement.first_published_on,
    restatement.times_restated,
    restatement.scope as figure_scope,
    [restatement.first_observation_id, restatement.latest_observation_id] as input_observation_ids
from marts.restatement as restatement
join core.platform as platform on platform.platform = restatement.platform
join core.metric as metric on metric.metric = restatement.metric
left join marts.restatement_effect as moved
    on
        moved.platform = restatement.platform
        and moved.metric = restatement.metric
        and moved.scope = restatement.scope
        and moved.unit = restatement.unit
        and moved.period_start is not distinct from restatement.period_start
        and moved.period_end = restatement.period_end
        and moved.definition = 'cac_net_12m'
        and coalesce(moved.cac_before, moved.cac_after) is not null
order by
    restatement.platform,
    restatement.metric,
    restatement.period_end,
    restatement.scope,
    moved.restated_on,
    moved.row_id
