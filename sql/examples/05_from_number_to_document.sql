-- On which documents does Pinduoduo's acquisition cost of 2019 stand?
-- How to read it: one row an input, as it is printed, with the interval the digits allow. `make explain` shows the same
-- for any row_id, formula included.
select
    observation.metric,
    observation.period_start,
    observation.period_end,
    observation.printed_as,
    observation.value_low::bigint as low,
    observation.value::bigint as value,
    observation.value_high::bigint as high,
    observation.unit,
    observation.published_on,
    document.kind,
    document.publisher,
    document.title,
    document.url
from marts.cac_trend as trend
cross join unnest(trend.input_observation_ids) as input (observation_id)
join core.observation as observation on observation.observation_id = input.observation_id
join core.document as document on document.document_id = observation.document_id
where trend.row_id = 'pdd/whole/cac_net_12m/2019-12-31'
order by observation.metric, observation.period_end
