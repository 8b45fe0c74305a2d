-- A figure of a platform in one quarter or week, as studies of effects compare it.
-- By quarter, and of twelve months in the quarter of their last day: exact positive prints, of the perimeter, unit and
-- consolidation of which a platform has most. By week: what teams deliver of the whole platform, where all seven days
-- are known.
-- group: studies
-- grain: metric, period, platform, number
-- twin: no
-- portable: yes
with printed as (
    select
        figure.metric,
        figure.period_type as period,
        figure.platform,
        figure.scope,
        figure.unit,
        figure.consolidation,
        figure.expense_nature,
        figure.period_end,
        year(figure.period_end) * 4 + quarter(figure.period_end) - 1 as number,
        figure.value,
        figure.observation_id,
        figure.published_on
    from core.observation_latest as figure
    where figure.period_type in ('quarter', 'ttm') and figure.qualifier = 'exact' and figure.value > 0
),
longest as (
    select
        printed.metric,
        printed.period,
        printed.platform,
        printed.scope,
        printed.unit,
        printed.consolidation
    from printed
    group by
        printed.metric, printed.period, printed.platform, printed.scope, printed.unit, printed.consolidation
    qualify
        row_number()
            over (
                partition by printed.metric, printed.period, printed.platform
                order by count(*) desc, printed.scope asc, printed.unit asc, printed.consolidation asc
            )
        = 1
),
quarter as (
    select printed.*
    from printed
    join
        longest
        on
            longest.metric = printed.metric
            and longest.period = printed.period
            and longest.platform = printed.platform
            and longest.scope = printed.scope
            and longest.unit = printed.unit
            and longest.consolidation = printed.consolidation
    qualify
        row_number()
            over (
                partition by printed.metric, printed.period, printed.platform, printed.number
                order by printed.period_end desc, printed.observation_id asc
            )
        = 1
),
week as (
    select
        daily.platform,
        daily.figure as metric,
        cast(date_trunc('week', daily.date) as date) as monday,
        case when daily.figure = 'gmv' then daily.currency else 'count' end as unit,
        sum(daily.value) as value,
        bool_or(daily.is_simulated) as is_simulated
    from steps.daily_figure as daily
    where
        daily.channel = ''
        and daily.partnership_id = ''
        and daily.figure in ('orders', 'new_buyers', 'gmv')
        and daily.value is not null
    group by
        daily.platform,
        daily.figure,
        cast(date_trunc('week', daily.date) as date),
        case when daily.figure = 'gmv' then daily.currency else 'count' end
    having count(*) = 7
),
figure as (
    select
        quarter.metric,
        quarter.period,
        quarter.platform,
        quarter.number,
        quarter.period_end,
        quarter.value,
        quarter.unit,
        quarter.scope,
        quarter.expense_nature,
        quarter.observation_id,
        quarter.published_on,
        false as is_simulated
    from quarter
    union all
    select
        week.metric,
        'week',
        week.platform,
        cast(floor(date_diff('day', date '1970-01-05', week.monday) / 7) as bigint),
        week.monday + 6,
        week.value,
        week.unit,
        '',
        cast(null as varchar),
        cast(null as varchar),
        cast(null as date),
        week.is_simulated
    from week
)
select
    figure.metric::varchar as metric,                  -- slug; of deliveries orders, new_buyers or gmv
    figure.period::varchar as period,                  -- quarter, ttm (twelve months) or week
    figure.platform::varchar as platform,              -- whose figure it is
    figure.number::bigint as number,
    -- which period: year x 4 + quarter - 1, of a week the weeks since 1970-01-05, a Monday
    figure.period_end::date as period_end,             -- last day of it
    figure.value::decimal(28, 6) as value,             -- the figure, in unit
    figure.unit::varchar as unit,                      -- unit as printed; of deliveries a currency or count
    figure.scope::varchar as scope,                    -- perimeter of all figures of the platform here; '' is the whole
    figure.expense_nature::varchar as expense_nature,  -- what an expense holds; empty for another metric
    figure.observation_id::varchar as observation_id,  -- the print; empty for a delivered figure
    figure.published_on::date as published_on,         -- day of its document; empty where undated, and for deliveries
    figure.is_simulated::boolean as is_simulated       -- true where it is made up, for a demo
from figure
