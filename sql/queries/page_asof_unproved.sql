-- Costs of windows that had ended by a day that matters and that have a number today, but none from the dated documents
-- of that day: the number today, and since when it is known.
with day as (
    select unnest($keys) as day
),
known as (
    select
        day.day,
        trend.row_id
    from day, marts.cac_trend_as_of(day.day) as trend
    where trend.definition in ('cac_net_12m', 'cac_pooled_2y') and trend.cac is not null
)
select
    'asof-' || day.day as file,
    platform.name,
    today.scope,
    definition.words,
    today.cac,
    today.cac_low,
    today.cac_high,
    today.currency,
    today.validity,
    today.period_start,
    today.period_end,
    today.known_on,
    list_contains(today.flags, 'known_on_bound') as known_on_is_bound,
    today.flags,
    today.input_observation_ids,
    today.row_id
from day
join
    marts.cac_trend as today
    on
        today.definition in ('cac_net_12m', 'cac_pooled_2y')
        and today.cac is not null
        and today.period_end <= day.day
join core.platform as platform on platform.platform = today.platform
join core.definition as definition on definition.definition = today.definition
left join known on known.day = day.day and known.row_id = today.row_id
where known.row_id is null
order by day.day, today.currency, today.platform, today.scope, today.period_end desc, definition.months desc
