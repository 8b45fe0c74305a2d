-- A growth against the same period of the year before, as printed: a figure of its own, or "up 53.8% Year over Year"
-- beside a level.
-- group: figures
-- grain: observation_id
with said as (
    select
        printed.observation_id,
        printed.platform,
        regexp_replace(printed.metric, '_growth$', '') as metric,
        printed.scope,
        printed.period_start,
        printed.period_end,
        printed.value::double as value,
        printed.half_width::double as half_width
    from core.printed_figure as printed
    where printed.metric like '%\_growth' escape '\' and printed.unit = 'percent' and printed.qualifier = 'exact'
    union all
    select
        found.observation_id,
        found.platform,
        found.metric,
        found.scope,
        found.period_start,
        found.period_end,
        if(regexp_matches(found.words, '(?i)^(down|a? ?decrease)'), -1, 1) * found.digits::double,
        0.5 * pow(10, -length(split_part(found.digits, '.', 2)))
    from (
        select
            printed.*,
            regexp_extract(
                printed.printed_as,
                '(?i)\b(up|down|increase of|decrease of) [0-9]+([.][0-9]+)? ?%,? (year[- ]over[- ]year|yoy)\b'
            ) as words,
            regexp_extract(words, '[0-9]+([.][0-9]+)?') as digits
        from core.printed_figure as printed
        where printed.qualifier = 'exact'
    ) as found
    where found.digits <> ''
)
select
    said.observation_id::varchar as observation_id,  -- figure that is the growth, or beside which it stands
    said.platform::varchar as platform,              -- platform slug
    said.metric::varchar as metric,                  -- metric that grew
    said.scope::varchar as scope,                    -- perimeter; '' is the whole
    said.period_start::date as period_start,         -- first day of the period that is compared
    said.period_end::date as period_end,             -- last day of the period that is compared
    said.value::double as value,                     -- growth in percent, negative for a decrease
    said.half_width::double as half_width            -- half a unit of the last digit that counts, in percent
from said
where said.value - said.half_width > -100
