-- What a buyer spent in twelve months: as the platform prints it, and recomputed as GMV over annual active buyers of one perimeter.
-- grain: platform, scope, metric, period_start, period_end
with figure as (
    select o.*, p.reporting_currency || '_per_person' as per_person
    from core.observation_latest as o
    join core.platform as p on p.platform = o.platform
    where o.period_end - o.period_start + 1 between 357 and 371 and (
        o.metric = 'annual_active_buyers' and o.unit = 'persons'
        or o.metric = 'gmv' and o.unit = p.reporting_currency
        or o.metric = 'annual_spend_per_buyer' and o.unit = p.reporting_currency || '_per_person')
),
span as (
    select distinct f.platform, f.scope, f.period_start, f.period_end, f.per_person as unit
    from figure as f
    where f.metric <> 'gmv'
),
side as (
    select
        s.*, p.value as printed, p.value_low as printed_low, p.value_high as printed_high, p.qualifier as printed_qualifier,
        p.flags as printed_flags, p.observation_id as printed_id, p.published_on as printed_on,
        g.value::double / nullif(b.value::double, 0) as ratio, g.value_low::double / nullif(b.value_high::double, 0) as ratio_low,
        g.value_high::double / nullif(b.value_low::double, 0) as ratio_high, g.observation_id as gmv_id, b.observation_id as buyers_id,
        g.qualifier = 'exact' and b.qualifier = 'exact' as ratio_is_exact, exists (
            select 1 from core.definition_break as d
            where d.platform = s.platform and d.metric in ('gmv', 'annual_active_buyers') and d.scope = s.scope
                and d.from_period_end between s.period_start and s.period_end
        ) as has_break,
        list_concat(coalesce(g.flags, []), coalesce(b.flags, [])) as ratio_flags,
        if(g.observation_id is not null and g.published_on is null or b.observation_id is not null and b.published_on is null, null,
            greatest(g.published_on, b.published_on)) as ratio_on
    from span as s
    left join figure as p on p.metric = 'annual_spend_per_buyer' and p.platform = s.platform and p.scope = s.scope
        and p.period_start = s.period_start and p.period_end = s.period_end
    left join figure as g on g.metric = 'gmv' and g.platform = s.platform and g.scope = s.scope
        and g.period_start = s.period_start and g.period_end = s.period_end
    left join figure as b on b.metric = 'annual_active_buyers' and b.platform = s.platform and b.scope = s.scope
        and b.period_start = s.period_start and b.period_end = s.period_end
),
spend as (
    select
        s.*, 'spend_per_buyer' as metric, s.printed::double as value, s.printed_low::double as low, s.printed_high::double as high,
        if(s.printed_qualifier <> 'exact', 'bounds_only', null) as obstacle,
        list_concat(s.printed_flags, if(not s.has_break and (s.ratio_on is not null or s.printed_on is null) and (s.printed_high < s.ratio_low or s.printed_low > s.ratio_high), ['recomputed_disagrees'], [])) as flags,
        [s.printed_id] as inputs, s.printed_on as known_on
    from side as s
    where s.printed_id is not null
    union all
    select
        s.*, 'spend_per_buyer_recomputed', if(s.has_break, null, s.ratio), if(s.has_break, null, s.ratio_low), if(s.has_break, null, s.ratio_high),
        case when s.has_break then 'definition_break' when s.gmv_id is null then 'gmv_not_disclosed' when s.buyers_id is null then 'missing_buyers_end'
            when not s.ratio_is_exact then 'bounds_only' end,
        s.ratio_flags, list_filter([s.gmv_id, s.buyers_id], lambda x: x is not null), s.ratio_on
    from side as s
    where s.gmv_id is not null or s.buyers_id is not null
)
select
    s.platform::varchar               as platform,              -- platform slug
    s.scope::varchar                  as scope,                 -- perimeter of GMV and buyers, the same for both; '' is the whole
    s.metric::varchar                 as metric,                -- spend_per_buyer (as printed) or spend_per_buyer_recomputed (GMV over buyers)
    s.period_start::date              as period_start,          -- first day of the twelve months
    s.period_end::date                as period_end,            -- last day of the twelve months
    s.value::double                   as value,                 -- in unit; empty where a figure is missing
    s.low::double                     as low,                   -- least the prints allow
    s.high::double                    as high,                  -- greatest the prints allow
    s.unit::varchar                   as unit,                  -- currency per person, such as CNY_per_person
    s.obstacle::varchar               as obstacle,              -- why there is no number; empty when there is one
    list_sort(list_distinct(s.flags))::varchar[] as flags,      -- what a reader must know; recomputed_disagrees: print and GMV over buyers do not meet
    s.inputs::varchar[]               as input_observation_ids, -- figures it stands on
    s.known_on::date                  as known_on               -- first day on which it could have been known; empty with an undated figure
from spend as s
