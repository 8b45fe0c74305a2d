-- On which documents does Pinduoduo's acquisition cost of 2019 stand?
-- How to read it: one row an input, as it is printed, with the interval the digits allow. `make explain` shows the same
-- for any row_id, formula included.
select
    o.metric, o.period_start, o.period_end, o.printed_as, o.value_low::bigint as low, o.value::bigint as value, o.value_high::bigint as high, o.unit, o.published_on,
    d.kind, d.publisher, d.title, d.url
from marts.cac_trend as c
cross join unnest(c.input_observation_ids) as i(observation_id)
join core.observation as o on o.observation_id = i.observation_id
join core.document as d on d.document_id = o.document_id
where c.row_id = 'pdd/whole/cac_net_12m/2019-12-31'
order by o.metric, o.period_end
