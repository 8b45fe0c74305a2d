-- Every observation with the label of its metric, the meaning of its derivation, and its document.
select
    figure.observation_id,
    figure.platform,
    figure.metric,
    coalesce(metric.label, figure.metric),
    figure.scope,
    figure.period_start,
    figure.period_end,
    figure.value,
    figure.value_low,
    figure.value_high,
    figure.unit,
    figure.qualifier,
    figure.basis,
    figure.locator,
    figure.printed_as,
    coalesce(term.meaning, replace(figure.derivation, '_', ' ')),
    figure.derived_from,
    figure.published_on,
    if(list_contains(figure.flags, 'known_on_bound'), figure.covered_on, null),
    document.kind,
    document.publisher,
    document.title,
    document.url
from core.observation as figure
left join core.document as document on document.document_id = figure.document_id
left join core.metric as metric on metric.metric = figure.metric
left join core.term as term on term.kind = 'derivation' and term.term = figure.derivation
