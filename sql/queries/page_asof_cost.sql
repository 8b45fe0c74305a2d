-- What a customer cost as it was known on a day that matters, and what is known of the same window today: the newest
-- ranked number of each platform and perimeter, of two windows with one end the longer.
with day as (
    select unnest($keys) as day
),
known as (
    select
        day.day,
        trend.*
    from day, marts.cac_trend_as_of(day.day) as trend
    where trend.definition in ('cac_net_12m', 'cac_pooled_2y') and trend.cac is not null
),
newest as (
    select
        known.*,
        definition.words,
        term.is_ranked
    from known
    join core.definition as definition on definition.definition = known.definition
    join core.term as term on term.kind = 'validity' and term.term = known.validity and term.is_ranked
    qualify
        row_number() over (
            partition by known.day, known.platform, known.scope order by known.period_end desc, definition.months desc
        ) = 1
)
select
    'asof-' || newest.day as file,
    platform.name,
    newest.scope,
    newest.words,
    newest.cac,
    newest.cac_low,
    newest.cac_high,
    newest.currency,
    newest.validity,
    newest.is_ranked,
    newest.period_start,
    newest.period_end,
    today.cac as cac_today,
    today.cac_low as cac_today_low,
    today.cac_high as cac_today_high,
    coalesce(today.cac <> newest.cac, true) as is_changed,
    newest.flags,
    newest.known_on,
    newest.input_observation_ids,
    newest.row_id
from newest
join core.platform as platform on platform.platform = newest.platform
left join marts.cac_trend as today on today.row_id = newest.row_id
order by newest.day, newest.currency, newest.platform, newest.scope
