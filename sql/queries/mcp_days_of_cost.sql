-- The days up to $until (NULL for all) on which a print of an input of the cost $row_id began to be public.
select distinct print.published_on as day
from marts.cac_trend as cost, unnest(cost.input_observation_ids) as named (observation_id)
join core.observation as input on input.observation_id = named.observation_id
join core.observation as print
    on
        print.platform = input.platform
        and print.metric = input.metric
        and print.scope = input.scope
        and print.unit = input.unit
        and print.period_start is not distinct from input.period_start
        and print.period_end = input.period_end
where cost.row_id = $row_id and print.published_on <= coalesce($until::date, date 'infinity')
order by day
