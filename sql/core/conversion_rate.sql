-- How a currency of a day's figures is converted into the platform's: the rate of the day, else of up to six days before, else of a period.
-- A rate is taken as given, or turned round, or made from two of one source and period against a third currency, in this order.
-- grain: date, currency, to_currency
-- twin: no
-- portable: yes
-- daily: date, 6
with wanted as (
    select m.date, m.currency, p.reporting_currency as to_currency
    from core.platform_metric_daily as m
    join core.platform as p on p.platform = m.platform
    where m.currency is not null
    union
    select o.date, o.currency, p.reporting_currency
    from core.order_day as o
    join core.platform as p on p.platform = o.platform
),
offered as (
    select r.currency, r.quote_currency as to_currency, r.period_start, r.period_end, r.source, cast(r.rate as double) as rate, 1 as route, '' as base
    from core.fx_rate as r
    union all
    select r.quote_currency, r.currency, r.period_start, r.period_end, r.source, 1 / cast(r.rate as double), 2, ''
    from core.fx_rate as r
    union all
    select b.quote_currency, a.quote_currency, a.period_start, a.period_end, a.source, cast(a.rate as double) / cast(b.rate as double), 3, a.currency
    from core.fx_rate as a
    join core.fx_rate as b
        on b.currency = a.currency and b.source = a.source and b.period_start = a.period_start and b.period_end = a.period_end
        and b.quote_currency <> a.quote_currency
),
fitting as (
    select
        w.date, w.currency, w.to_currency, o.rate, o.route, o.base, o.source, o.period_start, o.period_end,
        case when o.period_start = o.period_end then date_diff('day', o.period_end, w.date) else 7 end as age
    from wanted as w
    join offered as o on o.currency = w.currency and o.to_currency = w.to_currency
    where w.currency <> w.to_currency and o.period_start <= w.date
        and (o.period_end >= w.date or (o.period_start = o.period_end and o.period_end >= w.date - 6))
),
chosen as (
    select f.date, f.currency, f.to_currency, f.rate, f.route, f.source, f.period_start, f.period_end, f.age
    from fitting as f
    qualify row_number() over (
        partition by f.date, f.currency, f.to_currency
        order by f.age, date_diff('day', f.period_start, f.period_end), f.route, f.period_start desc, f.source, f.base
    ) = 1
)
select
    w.date::date                                                              as date,         -- day of the figures
    w.currency::varchar                                                       as currency,     -- ISO 4217 code of the amounts delivered
    w.to_currency::varchar                                                    as to_currency,  -- ISO 4217 code of the platform's reporting currency
    (case when w.currency = w.to_currency then 1
        else floor(c.rate * 10000000000 + 0.5) / 10000000000 end)::decimal(18,10) as rate,     -- units of to_currency for one of currency, to ten places; empty where none is known
    case when w.currency = w.to_currency then 'same' when c.age = 0 then 'day' when c.age < 7 then 'earlier_day'
        when c.age = 7 then 'period' end::varchar                             as rate_kind,    -- same, day, earlier_day (weekends, holidays) or period (average); empty where none is known
    case c.route when 1 then 'given' when 2 then 'inverse' when 3 then 'cross' end::varchar as rate_route, -- given, inverse or cross; empty where none was needed or known
    c.source::varchar                                                         as rate_source,  -- who says so
    c.period_start::date                                                      as rate_from,    -- first day of the rate
    c.period_end::date                                                        as rate_to       -- last day of the rate
from wanted as w
left join chosen as c on c.date = w.date and c.currency = w.currency and c.to_currency = w.to_currency
