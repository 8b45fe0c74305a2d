-- What a deal is said to have brought, what its orders show, and what would not have come without it: three columns.
-- One row a study of weekly orders or new buyers with an estimate, over all weeks after the day that it compares. Spend
-- and cost are of the same days. What nobody knows is empty, never filled from the column beside it.
-- grain: study_id
-- twin: no
-- contract: estimates
with span as (
    select
        path.study_id,
        path.partnership_id,
        path.platform,
        path.metric,
        min(path.period_end) - 6 as first_on,
        max(path.period_end) as last_on,
        sum(path.value)::double as total,
        bool_or(path.is_simulated) as is_simulated
    from marts.partnership_path as path
    where path.is_after and path.period = 'week' and path.metric in ('orders', 'new_buyers')
    group by path.study_id, path.partnership_id, path.platform, path.metric
),
told as (
    select
        span.study_id,
        daily.figure,
        case when count(daily.value) = date_diff('day', span.first_on, span.last_on) + 1 then sum(daily.value) end
            as value
    from span
    join
        steps.daily_figure as daily
        on
            daily.platform = span.platform
            and daily.partnership_id = span.partnership_id
            and daily.channel = ''
            and daily.date between span.first_on and span.last_on
            and daily.figure in (
                'reported_orders', 'orders', 'new_buyers', 'marketing_spend', 'subsidies', 'commission_paid'
            )
    group by span.study_id, span.first_on, span.last_on, daily.figure
),
deal as (
    select
        span.study_id,
        max(told.value) filter (where told.figure = 'reported_orders' and span.metric = 'orders') as reported,
        max(told.value) filter (where told.figure = span.metric) as attributed,
        case
            when
                bool_and(told.value is not null) filter (
                    where told.figure in ('marketing_spend', 'subsidies', 'commission_paid')
                )
                then
                    sum(told.value) filter (
                        where told.figure in ('marketing_spend', 'subsidies', 'commission_paid')
                    )
        end as spend
    from span
    join told on told.study_id = span.study_id
    group by span.study_id
),
measured as (
    select
        span.*,
        deal.reported,
        deal.attributed,
        deal.spend,
        effect.status,
        effect.verdict,
        effect.flags,
        effect.verdict = 'effect_seen' as is_seen,
        span.total * (1 - exp(-result.estimate)) as incremental,
        span.total * (1 - exp(-result.low)) as incremental_low,
        span.total * (1 - exp(-result.high)) as incremental_high
    from span
    join marts.partnership_effect as effect on effect.study_id = span.study_id
    join steps.study_result as result on result.study_id = span.study_id
    left join deal on deal.study_id = span.study_id
    where effect.effect_pct is not null
)
select
    measured.study_id::varchar as study_id,                      -- the study, see marts.partnership_effect
    measured.partnership_id::varchar as partnership_id,          -- the deal
    measured.platform::varchar as platform,                      -- the partner whose figure it is
    measured.metric::varchar as metric,                          -- orders or new_buyers
    measured.first_on::date as first_on,                         -- first day of the weeks after the deal's day
    measured.last_on::date as last_on,                           -- last day of them
    measured.total::double as total,                             -- orders or new buyers of the whole platform then
    measured.reported::double as reported,  -- of them what ad platforms claim for the deal; empty where they claim none
    measured.attributed::double as attributed,                   -- those that last touch gives to the deal
    (case when measured.is_seen then measured.incremental end)::double as incremental,
    -- those that would not have come without it; empty where no effect of it alone is seen
    measured.incremental_low::double as incremental_low,         -- lower end of their 95 % interval
    measured.incremental_high::double as incremental_high,       -- upper end of it
    measured.spend::double as spend,                             -- spend, subsidies and commission paid of the deal
    platform.reporting_currency::varchar as currency,            -- ISO 4217 code of the spend
    (measured.spend / nullif(measured.attributed, 0))::double as cost_per_attributed,   -- spend for each attributed one
    (case when measured.is_seen and measured.incremental > 0 then measured.spend / measured.incremental end)::double
        as cost_per_incremental,                                 -- spend for each that it really brought; else empty
    measured.status::varchar as status,                          -- ok or exploratory, see core.term
    measured.verdict::varchar as verdict,                        -- what the estimate amounts to, see core.term
    measured.flags::varchar[] as flags,                          -- what stands against the estimate
    measured.is_simulated::boolean as is_simulated               -- true where figures are made up, for a demo
from measured
join core.platform as platform on platform.platform = measured.platform
