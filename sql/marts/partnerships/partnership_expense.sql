-- How much of a platform's filed sales and marketing expense the spend of its own daily data explains, in all and through each partnership.
-- Spend is marketing and subsidies; commission stands beside it, for companies differ in where they book it.
-- grain: platform, partnership_id, period_start, period_end
-- twin: no
-- contract: deliveries
with filed as (
    select f.platform, f.period_start, f.period_end, f.value, f.unit, f.observation_id, f.document_id, date_diff('day', f.period_start, f.period_end) + 1 as period_days
    from core.observation_latest as f
    where f.metric = 'sm_expense' and f.scope = '' and f.period_start is not null and f.value > 0
),
delivered as (
    select
        f.platform, f.period_start, f.period_end, d.partnership_id, d.currency, count(*) as days, count(d.marketing_spend) as marketing_days, count(d.subsidies) as subsidies_days,
        sum(d.marketing_spend) as marketing_spend, sum(d.subsidies) as subsidies, case when count(d.commission) = count(*) then sum(d.commission) end as commission
    from filed as f
    join marts.partnership_day as d on d.platform = f.platform and d.date between f.period_start and f.period_end
    group by all
),
judged as (
    select
        f.*, d.partnership_id, d.days, d.commission, t.days as platform_days,
        case
            when f.unit <> d.currency then 'other_currency'
            when coalesce(t.days, 0) < f.period_days then 'missing_days'
            when d.marketing_days + d.subsidies_days = 0 or d.marketing_days not in (0, d.days) or d.subsidies_days not in (0, d.days) then 'missing_spend'
            else 'ok'
        end as validity,
        coalesce(d.marketing_spend, 0) + coalesce(d.subsidies, 0) as spend
    from filed as f
    join delivered as d on d.platform = f.platform and d.period_start = f.period_start and d.period_end = f.period_end
    left join delivered as t on t.platform = f.platform and t.period_start = f.period_start and t.period_end = f.period_end and t.partnership_id = ''
)
select
    j.platform::varchar        as platform,       -- who filed and who delivered
    j.partnership_id::varchar  as partnership_id, -- identifier of the deal; '' is the platform's total
    j.period_start::date       as period_start,   -- first day of the filed period
    j.period_end::date         as period_end,     -- last day of it
    j.value::decimal(28, 4)    as filed_expense,  -- sales and marketing expense as filed, in unit
    j.unit::varchar            as unit,           -- currency of both
    (case when j.validity = 'ok' then j.spend end)::decimal(28, 4) as spend, -- marketing and subsidies delivered for the same days, in unit
    (case when j.validity = 'ok' then j.commission end)::decimal(28, 4) as commission, -- commission between platform and partner, in unit, not in spend; empty where a day lacks it
    (case when j.validity = 'ok' then cast(j.spend as double) / nullif(cast(j.value as double), 0) end)::double as explained, -- spend in filed_expense, 0 to 1; above 1 the company books it elsewhere
    j.days::integer            as days,           -- days delivered
    coalesce(j.platform_days, 0)::integer as platform_days, -- days of the platform's total; the period has period_end - period_start + 1
    j.validity::varchar        as validity,       -- whether there is a number, or why not, see core.term
    j.observation_id::varchar  as observation_id, -- the filed figure
    j.document_id::varchar     as document_id     -- its document
from judged as j
