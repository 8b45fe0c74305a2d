-- What a platform spent on sales and marketing over the windows of core.definition, in its reporting currency.
-- A year is the printed fiscal year, else the sum of four printed quarters; never a part of a year.
-- grain: platform, period_start, period_end, months
with recursive length as (
    select distinct d.months from core.definition as d
),
expense as (
    select o.*, p.reporting_currency, o.period_end - o.period_start + 1 as days
    from core.observation_latest as o
    join core.platform as p on p.platform = o.platform and p.reporting_currency = o.unit
    where o.metric = 'sm_expense' and o.scope = '' and o.period_start is not null
),
printed as (
    select
        e.platform, e.period_start, e.period_end, if(e.days < 100, 3, 12) as months, e.unit, e.value, e.value_low, e.value_high,
        e.qualifier = 'exact' as is_exact, e.is_restatement as any_restated, e.is_restatement as all_restated,
        e.flags, [e.observation_id] as inputs, e.published_on
    from expense as e
    where e.days between 84 and 98 or e.days between 357 and 371
),
four_quarters as (
    select
        q.platform, first_value(q.period_start) over w as period_start, q.period_end, 12 as months, q.unit,
        sum(q.value) over w as value,
        if(count(q.value_low) over w = 4, sum(q.value_low) over w, null) as value_low,
        if(count(q.value_high) over w = 4, sum(q.value_high) over w, null) as value_high,
        bool_and(q.is_exact) over w as is_exact, bool_or(q.any_restated) over w as any_restated,
        bool_and(q.all_restated) over w as all_restated,
        list_append(flatten(list(q.flags) over w), 'summed_quarters') as flags, flatten(list(q.inputs) over w) as inputs,
        if(count(q.published_on) over w = 4, max(q.published_on) over w, null) as published_on,
        sum(q.period_end - q.period_start + 1) over w as days
    from printed as q
    where q.months = 3
    window w as (partition by q.platform, q.unit order by q.period_end rows between 3 preceding and current row)
),
year as (
    select p.* from printed as p where p.months = 12
    union all
    select f.* exclude (days) from four_quarters as f
    where f.days = f.period_end - f.period_start + 1 and f.days between 357 and 371 and not exists (
        select 1 from printed as p where p.months = 12 and p.platform = f.platform and p.period_end = f.period_end)
),
pooled as (
    select y.* from year as y
    union all
    select
        l.platform, e.period_start, l.period_end, l.months + 12, l.unit, l.value + e.value, l.value_low + e.value_low,
        l.value_high + e.value_high, l.is_exact and e.is_exact, l.any_restated or e.any_restated,
        l.all_restated and e.all_restated, list_concat(l.flags, e.flags), list_concat(e.inputs, l.inputs),
        if(l.published_on is null or e.published_on is null, null, greatest(l.published_on, e.published_on))
    from pooled as l
    join year as e on e.platform = l.platform and e.period_end = l.period_start - 1
    join (select max(n.months) as longest from length as n) as n on l.months < n.longest
),
spend as (
    select p.* from pooled as p
    union all
    select q.* from printed as q where q.months = 3
)
select
    s.platform::varchar              as platform,              -- platform slug
    s.period_start::date             as period_start,          -- first day of the window
    s.period_end::date               as period_end,            -- last day of the window
    s.months::integer                as months,                -- length of the window, months
    s.value::decimal(28, 6)          as spend,                 -- sales and marketing expense, in currency
    s.value_low::decimal(28, 6)      as spend_low,             -- least the prints allow; empty when unbounded
    s.value_high::decimal(28, 6)     as spend_high,            -- greatest the prints allow; empty when unbounded
    s.unit::varchar                  as currency,              -- ISO 4217 code
    s.is_exact::boolean              as is_exact,              -- false when a figure is about, at_least or at_most
    list_sort(list_distinct(if(s.any_restated and not s.all_restated, list_append(s.flags, 'mixed_vintage'), s.flags)))::varchar[] as flags, -- what a reader must know
    s.inputs::varchar[]              as input_observation_ids, -- figures summed, earliest first
    s.published_on::date             as known_on               -- first day all figures were public; empty with an undated one
from spend as s
join length as n on n.months = s.months
