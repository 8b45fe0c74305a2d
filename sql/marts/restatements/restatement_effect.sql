-- What a restatement did to an acquisition cost: the row of marts.cac_trend the day before and on the day, where it
-- moved.
-- Rows that rested on the figure on both days. One that rests on several figures restated that day stands once for each
-- of them.
-- grain: platform, metric, scope, unit, period_start, period_end, restated_on, row_id
-- twin: no
-- contract: vintages
with day as (
    select distinct
        step.platform,
        step.restated_on,
        step.restated_on + shift.days as told_on,
        shift.days = 0 as is_after
    from marts.restatement_step as step
    cross join (values (-1), (0)) as shift (days)
),
told as (
    select
        day.restated_on,
        day.is_after,
        trend.*
    from day, marts.cac_trend_as_of_for_platform(day.told_on, day.platform) as trend
),
resting as (
    select
        input.restated_on,
        input.row_id,
        observation.platform,
        observation.metric,
        observation.scope,
        observation.unit,
        observation.period_start,
        observation.period_end
    from (
        select
            told.restated_on,
            told.row_id,
            told.is_after,
            unnest(list_concat(told.input_observation_ids, flatten((
                select list(observation.derived_from)
                from core.observation as observation
                where list_contains(told.input_observation_ids, observation.observation_id)
            )))) as observation_id
        from told
    ) as input
    join core.observation as observation on observation.observation_id = input.observation_id
    group by all
    having count(distinct input.is_after) = 2
),
moved as (
    select
        step.*,
        after.row_id,
        after.definition,
        after.scope as buyers_scope,
        after.period_start as row_start,
        after.period_end as row_end,
        after.currency,
        before.spend as spend_before,
        after.spend as spend_after,
        before.cac as cac_before,
        after.cac as cac_after,
        before.cac_low as low_before,
        before.cac_high as high_before,
        after.cac_low as low_after,
        after.cac_high as high_after,
        before.validity as validity_before,
        after.validity as validity_after,
        count(*) over (partition by step.restated_on, after.row_id) as figures
    from marts.restatement_step as step
    join resting
        on
            resting.restated_on = step.restated_on
            and resting.platform = step.platform
            and resting.metric = step.metric
            and resting.scope = step.scope
            and resting.unit = step.unit
            and resting.period_start is not distinct from step.period_start
            and resting.period_end = step.period_end
    join told as after on after.restated_on = step.restated_on and after.row_id = resting.row_id and after.is_after
    join
        told as before
        on before.restated_on = step.restated_on and before.row_id = resting.row_id and not before.is_after
    where
        row(after.spend, after.cac, after.cac_low, after.cac_high, after.validity) is distinct from row(
            before.spend, before.cac, before.cac_low, before.cac_high, before.validity
        )
)
select
    moved.platform::varchar as platform,                 -- platform slug
    moved.metric::varchar as metric,                     -- metric that was restated
    moved.scope::varchar as scope,                       -- perimeter of the restated figure; '' is the whole
    moved.unit::varchar as unit,                         -- unit of the restated figure
    moved.period_start::date as period_start,            -- first day of the restated period
    moved.period_end::date as period_end,                -- last day of the restated period
    moved.restated_on::date as restated_on,              -- day on which the new figure was first public
    moved.row_id::varchar as row_id,                     -- row of marts.cac_trend that moved
    moved.definition::varchar as definition,             -- its definition of acquisition cost
    moved.buyers_scope::varchar as row_scope,            -- its perimeter of the buyer count
    moved.row_start::date as row_start,                  -- first day of its window
    moved.row_end::date as row_end,                      -- last day of its window
    moved.spend_before::decimal(28, 6) as spend_before,  -- its spend the day before, in currency
    moved.spend_after::decimal(28, 6) as spend_after,    -- its spend on the day, in currency
    moved.cac_before::double as cac_before,
    -- acquisition cost the day before; empty where validity_before is a null reason
    moved.cac_after::double as cac_after,  -- acquisition cost on the day; empty where validity_after is a null reason
    (100 * (moved.cac_after / nullif(moved.cac_before, 0) - 1))::double as change_pct,
    -- change of the acquisition cost, percent
    moved.low_before::double as cac_low_before,          -- least the prints allowed the day before
    moved.high_before::double as cac_high_before,        -- greatest the prints allowed the day before
    moved.low_after::double as cac_low_after,            -- least the prints allow on the day
    moved.high_after::double as cac_high_after,          -- greatest the prints allow on the day
    moved.currency::varchar as currency,                 -- ISO 4217 code
    moved.validity_before::varchar as validity_before,   -- validity the day before
    moved.validity_after::varchar as validity_after,     -- validity on the day
    moved.figures::integer as figures_restated           -- how many figures restated that day the row rests on
from moved
