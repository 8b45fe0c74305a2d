-- How a currency of a day's figures is converted into the platform's, and the platform's into the one currency in which
-- platforms are compared (US dollars): the rate of the day, else of up to six days before, else of a period.
-- A rate is taken as given, or turned round, or made from two of one source and period against a third currency, in
-- this order. One below 0.00001 is for a million units, so that it keeps its digits.
-- group: daily_figures
-- grain: date, currency, to_currency
-- twin: no
-- portable: yes
-- daily: date, 6
with wanted as (
    select
        daily.date,
        daily.currency,
        platform.reporting_currency as to_currency
    from core.platform_metric_daily as daily
    join core.platform_ever as platform on platform.platform = daily.platform
    where daily.currency is not null
    union
    select
        orders.date,
        orders.currency,
        platform.reporting_currency
    from core.order_day as orders
    join core.platform_ever as platform on platform.platform = orders.platform
    union
    select
        daily.date,
        platform.reporting_currency,
        'USD'
    from core.platform_metric_daily as daily
    join core.platform_ever as platform on platform.platform = daily.platform
    union
    select
        orders.date,
        platform.reporting_currency,
        'USD'
    from core.order_day as orders
    join core.platform_ever as platform on platform.platform = orders.platform
    union
    select
        silent.date,
        platform.reporting_currency,
        'USD'
    from core.order_silence as silent
    join core.platform_ever as platform on platform.platform = silent.platform
),
offered as (
    select
        fx_rate.currency,
        fx_rate.quote_currency as to_currency,
        fx_rate.period_start,
        fx_rate.period_end,
        fx_rate.source,
        cast(fx_rate.rate as double) as rate,
        1 as route,
        '' as base
    from core.fx_rate as fx_rate
    union all
    select
        fx_rate.quote_currency,
        fx_rate.currency,
        fx_rate.period_start,
        fx_rate.period_end,
        fx_rate.source,
        1 / cast(fx_rate.rate as double),
        2,
        ''
    from core.fx_rate as fx_rate
    union all
    select
        other.quote_currency,
        one.quote_currency,
        one.period_start,
        one.period_end,
        one.source,
        cast(one.rate as double) / cast(other.rate as double),
        3,
        one.currency
    from core.fx_rate as one
    join core.fx_rate as other
        on
            other.currency = one.currency
            and other.source = one.source
            and other.period_start = one.period_start
            and other.period_end = one.period_end
            and other.quote_currency <> one.quote_currency
),
fitting as (
    select
        wanted.date,
        wanted.currency,
        wanted.to_currency,
        offered.rate,
        offered.route,
        offered.base,
        offered.source,
        offered.period_start,
        offered.period_end,
        case
            when offered.period_start = offered.period_end then date_diff('day', offered.period_end, wanted.date)
            else 7
        end as age
    from wanted
    join offered on offered.currency = wanted.currency and offered.to_currency = wanted.to_currency
    where
        wanted.currency <> wanted.to_currency and offered.period_start <= wanted.date
        and (
            offered.period_end >= wanted.date
            or (offered.period_start = offered.period_end and offered.period_end >= wanted.date - 6)
        )
),
chosen as (
    select
        fitting.date,
        fitting.currency,
        fitting.to_currency,
        fitting.rate,
        case when fitting.rate < 0.00001 then 1000000 else 1 end as units,
        fitting.route,
        fitting.source,
        fitting.period_start,
        fitting.period_end,
        fitting.age
    from fitting
    qualify row_number() over (
        partition by fitting.date, fitting.currency, fitting.to_currency
        order by
            fitting.age,
            date_diff('day', fitting.period_start, fitting.period_end),
            fitting.route,
            fitting.period_start desc,
            fitting.source,
            fitting.base
    ) = 1
)
select
    wanted.date::date as date,                   -- day of the figures
    wanted.currency::varchar as currency,        -- ISO 4217 code of the amounts delivered
    wanted.to_currency::varchar as to_currency,  -- ISO 4217 code of the currency wanted
    (case
        when wanted.currency = wanted.to_currency then 1
        else floor(chosen.rate * chosen.units * 10000000000 + 0.5) / 10000000000
    end)::decimal(18, 10) as rate,
    -- units of to_currency for one of currency, once multiplied by rate_unit, to ten places; empty where none is known
    (case
        when wanted.currency = wanted.to_currency then 1
        when chosen.units = 1 then 1
        when chosen.units > 1 then 0.000001
    end)::decimal(7, 6) as rate_unit,
    -- 1, or 0.000001 where the rate is for a million units, each worth less than 0.00001; empty where none is known
    case
        when wanted.currency = wanted.to_currency then 'same'
        when chosen.age = 0 then 'day'
        when chosen.age < 7 then 'earlier_day'
        when chosen.age = 7 then 'period'
    end::varchar as rate_kind,
    -- same, day, earlier_day (weekends, holidays) or period (average); empty where none is known
    case chosen.route
        when 1 then 'given'
        when 2 then 'inverse'
        when 3 then 'cross'
    end::varchar as rate_route,                  -- given, inverse or cross; empty where none was needed or known
    (wanted.to_currency = 'USD')::boolean as is_common,
    -- whether to_currency is the one in which platforms are compared
    chosen.source::varchar as rate_source,       -- who says so
    chosen.period_start::date as rate_from,      -- first day of the rate
    chosen.period_end::date as rate_to           -- last day of the rate
from wanted
left join
    chosen
    on chosen.date = wanted.date and chosen.currency = wanted.currency and chosen.to_currency = wanted.to_currency
