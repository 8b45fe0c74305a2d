-- What a currency was worth on average over the window of a cost that has a number or a bound, in the reporting
-- currency: the mean of the cross rates of every day in it on which the European Central Bank fixed rates.
-- No day is filled from another. A window has no rate when the currency was not quoted on one of its fixing days, or
-- when the fixings known begin after its first or end before its last weekday.
-- group: cost_steps
-- grain: currency, to_currency, period_start, period_end
with wanted as (
    select
        trend.currency,
        trend.period_start,
        trend.period_end,
        min(trend.known_on) as first_on
    from marts.cac_trend as trend
    where
        trend.currency <> reporting_currency()
        and coalesce(trend.cac, trend.cac_low, trend.cac_high) is not null
    group by trend.currency, trend.period_start, trend.period_end
),
quoted as materialized (
    select
        euro_rate.currency,
        euro_rate.day,
        euro_rate.rate
    from core.euro_rate as euro_rate
),
fixing_day as (
    select distinct quoted.day from quoted
),
price as (
    select quoted.* from quoted
    union all
    select
        'EUR',
        fixing_day.day,
        1
    from fixing_day
),
crossed as (
    select
        own.currency,
        own.day,
        ratio(target.rate, own.rate)::decimal(28, 12) as rate
    from price as own
    join price as target on target.day = own.day and target.currency = reporting_currency()
),
averaged as (
    select
        wanted.currency,
        wanted.period_start,
        wanted.period_end,
        wanted.first_on,
        count(crossed.rate) as rate_days,
        count(*) - count(crossed.rate) as missing_days,
        ratio(sum(crossed.rate), count(crossed.rate)) as average_rate,
        max(crossed.day) as last_day
    from wanted
    join fixing_day on fixing_day.day between wanted.period_start and wanted.period_end
    left join crossed on crossed.currency = wanted.currency and crossed.day = fixing_day.day
    group by all
),
known as (
    select
        min(fixing_day.day) as first_day,
        max(fixing_day.day) as last_day
    from fixing_day
)
select
    averaged.currency::varchar as currency,                  -- ISO 4217 code of the cost
    reporting_currency()::varchar as to_currency,            -- ISO 4217 code of the currency it is compared in
    averaged.period_start::date as period_start,             -- first day of the window
    averaged.period_end::date as period_end,                 -- last day of the window
    if(
        averaged.missing_days = 0
        and known.first_day <= averaged.period_start + if(isodow(averaged.period_start) > 5, 2, 0)::integer
        and known.last_day >= averaged.period_end - greatest(isodow(averaged.period_end) - 5, 0)::integer,
        averaged.average_rate,
        null
    )::double as average_rate,
    -- units of to_currency for one of currency: arithmetic mean of the days' cross rates, each of twelve places; empty
    -- where a fixing of the window is missing
    averaged.rate_days::integer as rate_days,                -- days with a fixing of both currencies
    averaged.missing_days::integer as missing_days,          -- days with fixings, but of the two not both
    averaged.last_day::date as last_day,                     -- last day with a fixing of both
    known_on(averaged.first_on, day_if(averaged.last_day is not null, averaged.last_day))::date as known_on
    -- first day on which a cost of the window could have been converted; empty where all of them are undated
from averaged
cross join known
