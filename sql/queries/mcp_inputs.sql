-- The figures behind the acquisition costs with these $ids.
select distinct unnest(cost.input_observation_ids) as observation_id
from marts.cac_trend as cost
where list_contains($ids, cost.row_id)
order by observation_id
