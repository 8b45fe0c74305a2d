-- Every figure, as printed or derived, with its document, for the details under a number.
select
    figure.observation_id,
    coalesce(platform.name, figure.platform) as name,
    coalesce(metric.label, figure.metric) as figure,
    figure.scope,
    figure.period_start,
    figure.period_end,
    figure.printed_as,
    figure.unit,
    figure.published_on,
    figure.derived_from,
    figure.document_id
from core.observation as figure
left join core.platform as platform on platform.platform = figure.platform
left join core.metric as metric on metric.metric = figure.metric
