-- How many annual active buyers a platform gained over the windows of core.definition, by perimeter of the count.
-- Both ends have one scope and one definition; a window across a break has no number.
-- grain: platform, scope, period_end, months
with level as (
    select o.* from core.observation_latest as o
    where o.metric = 'annual_active_buyers' and o.unit = 'persons'
),
span as (
    select l.*, m.months, (l.period_end + 1 - to_months(m.months))::date - 1 as start_on
    from level as l
    cross join (select distinct d.months from core.definition as d) as m
),
pair as (
    select
        t.platform, t.scope, coalesce(z.period_end, t.start_on) + 1 as period_start, t.period_end, t.months,
        z.value as n0, z.value_low as n0_low, z.value_high as n0_high,
        t.value as nt, t.value_low as nt_low, t.value_high as nt_high,
        t.rounding_half_width + z.rounding_half_width as half_width,
        t.qualifier = 'exact' and coalesce(z.qualifier, 'exact') = 'exact' as is_exact,
        list_concat(coalesce(z.flags, []), t.flags) as flags,
        list_filter([z.observation_id, t.observation_id], lambda x: x is not null) as inputs,
        if(t.published_on is null or (z.observation_id is not null and z.published_on is null), null,
            greatest(t.published_on, z.published_on)) as known_on,
        exists (
            select 1 from core.definition_break as b
            where b.platform = t.platform and b.metric = t.metric and b.scope = t.scope
                and b.from_period_end > coalesce(z.period_end, t.start_on + 7) and b.from_period_end <= t.period_end
        ) as has_break
    from span as t
    left join level as z
        on z.platform = t.platform and z.scope = t.scope and abs(z.period_end - t.start_on) <= 7
),
judged as (
    select
        p.*,
        case
            when p.has_break then 'definition_break'
            when p.n0 is null then 'missing_buyers_start'
            when not p.is_exact then 'bounds_only'
            when p.half_width <= 0.05 * abs(p.nt - p.n0) then 'ok'
            when p.half_width <= 0.20 * abs(p.nt - p.n0) then 'coarse'
            else 'uninformative'
        end as validity
    from pair as p
),
graded as (
    select j.*, v.has_number
    from judged as j
    left join core.term as v on v.kind = 'validity' and v.term = j.validity
)
select
    j.platform::varchar                         as platform,              -- platform slug
    j.scope::varchar                            as scope,                 -- perimeter of the buyer count; '' is the whole
    j.period_start::date                        as period_start,          -- first day of the window
    j.period_end::date                          as period_end,            -- last day of the window
    j.months::integer                           as months,                -- length of the window, months
    j.n0::decimal(28, 6)                        as buyers_start,          -- annual active buyers on the day before the window, persons
    j.n0_low::decimal(28, 6)                    as buyers_start_low,      -- least the print allows, persons
    j.n0_high::decimal(28, 6)                   as buyers_start_high,     -- greatest the print allows, persons
    j.nt::decimal(28, 6)                        as buyers_end,            -- annual active buyers on the last day, persons
    j.nt_low::decimal(28, 6)                    as buyers_end_low,        -- least the print allows, persons
    j.nt_high::decimal(28, 6)                   as buyers_end_high,       -- greatest the print allows, persons
    if(j.has_number, j.nt - j.n0, null)::decimal(28, 6) as net_adds, -- buyers gained less buyers lapsed, persons; empty where validity is a null reason
    if(j.has_break, null, j.nt_low - j.n0_high)::decimal(28, 6) as net_adds_low, -- least the prints allow, persons
    if(j.has_break, null, j.nt_high - j.n0_low)::decimal(28, 6) as net_adds_high, -- greatest the prints allow, persons
    j.half_width::decimal(28, 6)                as half_width,            -- rounding of both ends together, persons
    j.validity::varchar                         as validity,              -- whether there is a number, or why not, see core.term
    list_sort(list_distinct(if(j.has_break, list_append(j.flags, 'definition_break'), j.flags)))::varchar[] as flags, -- what a reader must know
    j.inputs::varchar[]                         as input_observation_ids, -- figures at start and end
    j.known_on::date                            as known_on               -- first day both figures were public; empty with an undated one
from graded as j
