-- On which documents does Pinduoduo's acquisition cost of 2019 stand?
-- How to read it: one row an input, as it is printed. core.document has title and address of each document_id; `make
-- explain` shows them for any row_id, with interval and formula.
select
    observation.metric,
    observation.period_end,
    observation.printed_as,
    observation.value::bigint as value,
    observation.published_on,
    document.publisher,
    document.document_id
from marts.cac_trend as trend
cross join unnest(trend.input_observation_ids) as input (observation_id)
join core.observation as observation on observation.observation_id = input.observation_id
join core.document as document on document.document_id = observation.document_id
where trend.row_id = 'pdd/whole/cac_net_12m/2019-12-31'
order by observation.metric, observation.period_end
-- Answer: on an expense of 27,174,249,000 CNY (annual report, 2020-04-24) and on 418.5 and 585.2 million buyers
-- (results, 2019-03-13 and 2020-03-11).
