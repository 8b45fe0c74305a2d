-- The figures $ids, each with the document that prints it.
select
    observation.observation_id,
    observation.platform,
    observation.metric,
    observation.scope,
    observation.period_start,
    observation.period_end,
    observation.value,
    observation.unit,
    observation.qualifier,
    observation.printed_as,
    observation.locator,
    document.document_id,
    document.title,
    document.publisher,
    document.url,
    document.published_on
from core.observation as observation
left join core.document as document on document.document_id = observation.document_id
where list_contains($ids, observation.observation_id)
order by observation.observation_id
