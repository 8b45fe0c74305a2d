-- Every figure and acquisition cost of the platforms that claims name, as it stood on the days of their dated claims
-- and as it stands now. A day has the platforms of its own claims, and acquisition costs where one is about them.
-- group: claim_steps
-- grain: known_day, definition, platform, metric, scope, unit, period_start, period_end
-- twin: no
with asked as (
    select
        claim.published_on as known_day,
        part.subject as platform,
        bool_or(part.measure = 'cac') as asks_cost
    from steps.claim_part as part
    join core.claim as claim on claim.claim_id = part.claim_id
    where part.measure not like 'partnership%'
    group by claim.published_on, part.subject
),
cost as (
    select
        asked.known_day,
        trend.platform,
        trend.scope,
        trend.definition,
        trend.period_start,
        trend.period_end,
        trend.cac,
        trend.cac_low,
        trend.cac_high,
        trend.currency,
        trend.consolidation,
        trend.expense_nature,
        trend.validity,
        trend.flags,
        trend.input_observation_ids
    from (
        select asked.* from asked
        where asked.known_day is not null and asked.asks_cost
    ) as asked
    cross join
        lateral (
            select trend.* from marts.cac_trend_as_of_for_platform(asked.known_day, asked.platform) as trend
        ) as trend
    union all
    select
        null,
        trend.platform,
        trend.scope,
        trend.definition,
        trend.period_start,
        trend.period_end,
        trend.cac,
        trend.cac_low,
        trend.cac_high,
        trend.currency,
        trend.consolidation,
        trend.expense_nature,
        trend.validity,
        trend.flags,
        trend.input_observation_ids
    from marts.cac_trend as trend
    where trend.platform in (
        select asked.platform from asked
        where asked.asks_cost
    )
),
printed as (
    select
        asked.known_day,
        figure.platform,
        figure.metric,
        figure.scope,
        figure.unit,
        figure.period_start,
        figure.period_end,
        figure.value,
        figure.value_low,
        figure.value_high,
        figure.qualifier,
        figure.consolidation,
        figure.expense_nature,
        figure.flags,
        figure.observation_id
    from (
        select asked.* from asked
        where asked.known_day is not null
    ) as asked
    cross join
        lateral (
            select figure.* from core.observation_as_of_for_platform(asked.known_day, asked.platform) as figure
        ) as figure
    union all
    select
        null,
        figure.platform,
        figure.metric,
        figure.scope,
        figure.unit,
        figure.period_start,
        figure.period_end,
        figure.value,
        figure.value_low,
        figure.value_high,
        figure.qualifier,
        figure.consolidation,
        figure.expense_nature,
        figure.flags,
        figure.observation_id
    from core.observation_latest as figure
    where figure.platform in (select asked.platform from asked)
),
figure as (
    select
        cost.known_day,
        cost.definition,
        cost.platform,
        'cac' as metric,
        'flow' as kind,
        cost.scope,
        cost.currency || '_per_person' as unit,
        cost.period_start,
        cost.period_end,
        cost.cac as value,
        cost.cac_low as low,
        cost.cac_high as high,
        cost.consolidation,
        cost.expense_nature,
        cost.validity,
        cost.flags,
        cost.input_observation_ids as inputs
    from cost
    union all
    select
        printed.known_day,
        'printed_figure',
        printed.platform,
        printed.metric,
        metric.kind,
        printed.scope,
        printed.unit,
        printed.period_start,
        printed.period_end,
        if(printed.qualifier = 'exact', printed.value, null)::double,
        printed.value_low::double,
        printed.value_high::double,
        printed.consolidation,
        printed.expense_nature,
        if(printed.qualifier = 'exact', 'ok', 'bounds_only'),
        printed.flags,
        [printed.observation_id]
    from printed
    join core.metric as metric on metric.metric = printed.metric
)
select
    figure.known_day::date as known_day,               -- day on which the figure was asked for; empty for now
    figure.definition::varchar as definition,          -- which acquisition cost, see core.definition, or printed_figure
    figure.platform::varchar as platform,              -- platform slug
    figure.metric::varchar as metric,                  -- metric slug; cac is the acquisition cost
    figure.kind::varchar as kind,  -- flow, stock or ratio: a flow is compared over the very period only
    figure.scope::varchar as scope,                    -- perimeter; '' is the whole
    figure.unit::varchar as unit,                      -- unit of the value
    figure.period_start::date as period_start,         -- first day; empty for a point
    figure.period_end::date as period_end,             -- last day
    figure.value::double as value,
    -- figure that counted that day, in unit; empty where only bounds or a reason are known
    figure.low::double as low,                         -- least the printed digits allow; empty when open
    figure.high::double as high,                       -- greatest the printed digits allow; empty when open
    figure.consolidation::varchar as consolidation,    -- parts of the company it covers, see core.consolidation
    figure.expense_nature::varchar as expense_nature,
    -- what the expense holds, see core.expense_line; empty where there is none
    figure.validity::varchar as validity,              -- whether there is a number, or why not, see core.term
    figure.flags::varchar[] as flags,                  -- what a reader must know
    figure.inputs::varchar[] as input_observation_ids  -- figures it is computed from
from figure
