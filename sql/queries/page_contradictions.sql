-- Which figures do not agree with what else is known of them, and why: those that nothing explains first. What a
-- company restated is in the table of the figures that a company changed.
select
    platform.name,
    metric.label as figure,
    tie.scope as figure_scope,
    tie.period_start,
    tie.period_end,
    tie.value,
    tie.unit,
    tie.evidence_low as evidence_from,
    tie.evidence_high as evidence_to,
    tie.rule as tie_rule,
    tie.explanation,
    tie.reason,
    tie.figure_verdict,
    tie.known_on,
    [tie.observation_id] as input_observation_ids,
    tie.evidence_document_ids as document_ids
from marts.tie_out as tie
join core.platform as platform on platform.platform = tie.platform
join core.metric as metric on metric.metric = tie.metric
where tie.verdict = 'contradicted' and tie.explanation is distinct from 'restated'
order by tie.explanation is not null, tie.platform, tie.metric, tie.period_end, tie.observation_id, tie.tie
