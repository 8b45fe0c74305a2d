-- Spend and the change of buyers over the same window, side by side: the inputs of every acquisition cost.
-- The expense is the whole company's and pairs with every perimeter of the buyer count that was being printed then.
-- A window stands here when at least two of its three figures are known: spend, buyers at the start, buyers at the end.
-- grain: platform, scope, period_start, period_end, months
with adds as materialized (
    select n.* from steps.net_adds as n
),
scope as (
    select n.platform, n.scope, min(n.period_end) as first_end, max(n.period_end) as last_end
    from adds as n
    group by n.platform, n.scope
),
spend_by_scope as (
    select s.*, c.scope, z.value as n0, z.value_low as n0_low, z.value_high as n0_high, z.flags as n0_flags,
        z.observation_id as n0_id, z.published_on as n0_known_on
    from steps.spend_window as s
    join scope as c on c.platform = s.platform and s.period_end between c.first_end and c.last_end
    left join core.observation_latest as z
        on z.platform = s.platform and z.scope = c.scope and z.period_end = s.period_start - 1
        and z.metric = 'annual_active_buyers' and z.unit = 'persons'
),
span as (
    select s.platform, s.scope, s.period_start, s.period_end, s.months from spend_by_scope as s
    union
    select n.platform, n.scope, n.period_start, n.period_end, n.months from adds as n
),
paired as (
    select
        w.*, s.spend, s.spend_low, s.spend_high, s.currency,
        coalesce(n.buyers_start, s.n0) as n0, coalesce(n.buyers_start_low, s.n0_low) as n0_low,
        coalesce(n.buyers_start_high, s.n0_high) as n0_high,
        n.buyers_end as nt, n.buyers_end_low as nt_low, n.buyers_end_high as nt_high,
        n.validity as adds_validity, coalesce(s.is_exact, true) and coalesce(n.validity, '') <> 'bounds_only' as is_exact,
        list_concat(coalesce(s.flags, []), coalesce(n.flags, s.n0_flags, [])) as flags,
        list_concat(coalesce(s.input_observation_ids, []),
            coalesce(n.input_observation_ids, list_filter([s.n0_id], lambda x: x is not null))) as inputs,
        if(s.spend is not null and s.known_on is null or n.months is not null and n.known_on is null
            or n.months is null and s.n0 is not null and s.n0_known_on is null, null,
            greatest(s.known_on, coalesce(n.known_on, s.n0_known_on))) as known_on
    from span as w
    left join spend_by_scope as s
        on s.platform = w.platform and s.scope = w.scope and s.months = w.months
        and s.period_start = w.period_start and s.period_end = w.period_end
    left join adds as n
        on n.platform = w.platform and n.scope = w.scope and n.months = w.months
        and n.period_start = w.period_start and n.period_end = w.period_end
)
select
    p.platform::varchar                         as platform,              -- platform slug
    p.scope::varchar                            as scope,                 -- perimeter of the buyer count; '' is the whole
    p.period_start::date                        as period_start,          -- first day of the window
    p.period_end::date                          as period_end,            -- last day of the window
    p.months::integer                           as months,                -- length of the window, months
    p.spend::decimal(28, 6)                     as spend,                 -- sales and marketing expense, in currency; empty where not printed
    p.spend_low::decimal(28, 6)                 as spend_low,             -- least the prints allow, in currency
    p.spend_high::decimal(28, 6)                as spend_high,            -- greatest the prints allow, in currency
    f.reporting_currency::varchar               as currency,              -- ISO 4217 code
    p.n0::decimal(28, 6)                        as buyers_start,          -- annual active buyers on the day before the window, persons
    p.n0_low::decimal(28, 6)                    as buyers_start_low,      -- least the print allows, persons
    p.n0_high::decimal(28, 6)                   as buyers_start_high,     -- greatest the print allows, persons
    p.nt::decimal(28, 6)                        as buyers_end,            -- annual active buyers on the last day, persons
    p.nt_low::decimal(28, 6)                    as buyers_end_low,        -- least the print allows, persons
    p.nt_high::decimal(28, 6)                   as buyers_end_high,       -- greatest the print allows, persons
    case
        when p.adds_validity = 'definition_break' then 'definition_break'
        when p.spend is null then 'missing_spend'
        when p.n0 is null then 'missing_buyers_start'
        when p.nt is null then 'missing_buyers_end'
        when not p.is_exact then 'bounds_only'
    end::varchar                                as obstacle,              -- why no acquisition cost can be computed; empty when one can
    list_sort(list_distinct(list_concat(p.flags, if(p.scope <> '', ['scope_mismatch'], []),
        -- a year that ends more than half a month off the month of the company's fiscal year end
        if(p.months > 3 and month((p.period_end - 15)::date) <> split_part(f.fiscal_year_end, '-', 1)::integer, ['fy_misaligned'], []))))::varchar[] as flags, -- what a reader must know
    p.inputs::varchar[]                         as input_observation_ids, -- figures of the window
    p.known_on::date                            as known_on               -- first day on which all of them were public; empty with an undated one
from paired as p
join core.platform as f on f.platform = p.platform
where if(p.spend is null, 0, 1) + if(p.n0 is null, 0, 1) + if(p.nt is null, 0, 1) >= 2
