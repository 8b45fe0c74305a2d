-- How much of a platform's filed sales and marketing expense the spend of its own daily data explains, in all and
-- through each partnership.
-- Spend is marketing and subsidies; commission stands beside it, for companies differ in where they book it.
-- grain: platform, partnership_id, period_start, period_end
-- twin: no
-- contract: deliveries
with filed as (
    select
        figure.platform,
        figure.period_start,
        figure.period_end,
        figure.value,
        figure.unit,
        figure.observation_id,
        figure.document_id,
        date_diff('day', figure.period_start, figure.period_end) + 1 as period_days
    from core.observation_latest as figure
    where figure.metric = 'sm_expense' and figure.scope = '' and figure.period_start is not null and figure.value > 0
),
delivered as (
    select
        filed.platform,
        filed.period_start,
        filed.period_end,
        day.partnership_id,
        day.currency,
        count(*) as days,
        count(day.marketing_spend) as marketing_days,
        count(day.subsidies) as subsidies_days,
        sum(day.marketing_spend) as marketing_spend,
        sum(day.subsidies) as subsidies,
        case when count(day.commission) = count(*) then sum(day.commission) end as commission
    from filed
    join
        marts.partnership_day as day
        on day.platform = filed.platform and day.date between filed.period_start and filed.period_end
    group by all
),
judged as (
    select
        filed.*,
        delivered.partnership_id,
        delivered.days,
        delivered.commission,
        total.days as platform_days,
        case
            when filed.unit <> delivered.currency then 'other_currency'
            when coalesce(total.days, 0) < filed.period_days then 'missing_days'
            when
                delivered.marketing_days + delivered.subsidies_days = 0
                or delivered.marketing_days not in (0, delivered.days)
                or delivered.subsidies_days not in (0, delivered.days)
                then 'missing_spend'
            when coalesce(delivered.marketing_spend, 0) + coalesce(delivered.subsidies, 0) < 0 then 'no_spend'
            else 'ok'
        end as validity,
        coalesce(delivered.marketing_spend, 0) + coalesce(delivered.subsidies, 0) as spend
    from filed
    join
        delivered
        on
            delivered.platform = filed.platform
            and delivered.period_start = filed.period_start
            and delivered.period_end = filed.period_end
    left join
        delivered as total
        on
            total.platform = filed.platform
            and total.period_start = filed.period_start
            and total.period_end = filed.period_end
            and total.partnership_id = ''
)
select
    judged.platform::varchar as platform,              -- who filed and who delivered
    judged.partnership_id::varchar as partnership_id,  -- identifier of the deal; '' is the platform's total
    judged.period_start::date as period_start,         -- first day of the filed period
    judged.period_end::date as period_end,             -- last day of it
    judged.value::decimal(28, 4) as filed_expense,     -- sales and marketing expense as filed, in unit
    judged.unit::varchar as unit,                      -- currency of both
    (case when judged.validity = 'ok' then judged.spend end)::decimal(28, 6) as spend,
    -- marketing and subsidies delivered for the same days, in unit
    (case when judged.validity = 'ok' then judged.commission end)::decimal(28, 4) as commission,
    -- commission between platform and partner, in unit, not in spend; empty where a day lacks it
    (
        case when judged.validity = 'ok' then ratio(judged.spend, judged.value) end
    )::double as explained,  -- spend in filed_expense, 0 to 1; above 1 the company books it elsewhere
    judged.days::integer as days,                      -- days delivered
    coalesce(judged.platform_days, 0)::integer as platform_days,
    -- days of the platform's total; the period has period_end - period_start + 1
    judged.validity::varchar as validity,              -- whether there is a number, or why not, see core.term
    judged.observation_id::varchar as observation_id,  -- the filed figure
    judged.document_id::varchar as document_id         -- its document
from judged
