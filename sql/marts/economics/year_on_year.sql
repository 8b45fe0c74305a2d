-- A public figure beside the one for the same period a year before, of the same scope and unit.
-- grain: platform, metric, scope, unit, period_start, period_end
with pair as (
    select
        o.*, y.observation_id as prior_id, y.document_id as prior_document, y.value as prior, y.value_low as prior_low,
        y.value_high as prior_high, y.period_end as prior_end,
        coalesce(o.period_start, o.period_end) as first_day, coalesce(y.period_start, y.period_end) as prior_first_day,
        y.qualifier as prior_qualifier, y.flags as prior_flags, y.published_on as prior_published_on,
        exists (
            select 1 from core.definition_break as b
            where b.platform = o.platform and b.metric = o.metric and b.scope = o.scope
                and b.from_period_end > y.period_end and b.from_period_end <= o.period_end
        ) as has_break
    from core.observation_latest as o
    left join core.observation_latest as y
        on y.platform = o.platform and y.metric = o.metric and y.scope = o.scope and y.unit = o.unit
        and abs(y.period_end - ((o.period_end + 1 - to_months(12))::date - 1)) <= 7
        and (y.period_start is null) = (o.period_start is null)
        and abs(coalesce(y.period_end - y.period_start, 0) - coalesce(o.period_end - o.period_start, 0)) <= 7
    qualify row_number() over (
        partition by o.platform, o.metric, o.scope, o.unit, o.period_start, o.period_end
        order by abs(y.period_end - ((o.period_end + 1 - to_months(12))::date - 1)), y.period_end, y.period_start
    ) = 1
),
judged as (
    select p.*,
        case
            when p.prior_id is null then 'no_year_ago'
            when p.has_break then 'definition_break'
            when p.unit = 'percent' then 'share'
            when p.qualifier <> 'exact' or p.prior_qualifier <> 'exact' then 'bounds_only'
            when p.value_low <= 0 or p.prior_low <= 0 then 'not_positive'
            else 'ok'
        end as validity
    from pair as p
),
moved as (
    select
        j.observation_id, list_sort(list(distinct c.confounder) filter (where c.starts_on <= j.period_end and c.ends_on >= j.first_day)) as names,
        list_sort(list(distinct c.confounder) filter (where c.starts_on <= j.prior_end and c.ends_on >= j.prior_first_day)) as prior_names
    from judged as j
    join core.confounder as c
        on (c.starts_on <= j.period_end and c.ends_on >= j.first_day) or (c.starts_on <= j.prior_end and c.ends_on >= j.prior_first_day)
    group by j.observation_id
)
select
    j.platform::varchar           as platform,             -- platform slug
    j.metric::varchar             as metric,               -- metric slug
    j.scope::varchar              as scope,                -- perimeter of both figures; '' is the whole
    j.unit::varchar               as unit,                 -- unit of both figures
    j.period_type::varchar        as period_type,          -- year, ttm, quarter, point or other
    j.period_start::date          as period_start,         -- first day of the period; empty for a point
    j.period_end::date            as period_end,           -- last day of the period
    j.value::decimal(28, 6)       as value,                -- figure that counts, in unit
    j.value_low::decimal(28, 6)   as value_low,            -- least the print allows, in unit; empty when unbounded
    j.value_high::decimal(28, 6)  as value_high,           -- greatest the print allows, in unit; empty when unbounded
    j.qualifier::varchar          as qualifier,            -- exact, about, at_least or at_most
    j.prior::decimal(28, 6)       as year_ago,             -- figure of a year before, in unit; empty where none is known
    j.prior_end::date             as year_ago_end,         -- last day of the period a year before
    if(j.validity = 'ok', 100 * (cast(j.value as double) / nullif(cast(j.prior as double), 0) - 1), null)::double as yoy_pct, -- change on the year, percent; empty where validity is a reason
    if(v.has_bounds and j.value_low > 0 and j.prior_high > 0,
        100 * (cast(j.value_low as double) / nullif(cast(j.prior_high as double), 0) - 1), null)::double as yoy_low_pct, -- least the prints allow, percent
    if(v.has_bounds and j.value_high > 0 and j.prior_low > 0,
        100 * (cast(j.value_high as double) / nullif(cast(j.prior_low as double), 0) - 1), null)::double as yoy_high_pct, -- greatest the prints allow, percent
    coalesce(m.names, [])::varchar[] as confounders,       -- what core.confounder has within the period
    list_sort(list_filter(list_concat(coalesce(m.names, []), coalesce(m.prior_names, [])), lambda x: j.prior_id is not null
        and not (list_contains(coalesce(m.names, []), x) and list_contains(coalesce(m.prior_names, []), x))))::varchar[] as one_sided_confounders, -- what only one of the two periods had
    j.validity::varchar           as validity,             -- whether there is a number, or why not, see core.term
    j.observation_id::varchar     as observation_id,       -- the figure
    j.document_id::varchar        as document_id,          -- document of the figure
    j.published_on::date          as published_on,         -- when the world could know the figure; empty where its document has no date
    j.prior_id::varchar           as year_ago_observation_id, -- the figure of a year before
    j.prior_document::varchar     as year_ago_document_id, -- its document
    list_filter([j.observation_id, j.prior_id], lambda x: x is not null)::varchar[] as input_observation_ids, -- both figures
    list_sort(list_distinct(list_concat(list_concat(j.flags, coalesce(j.prior_flags, [])), if(j.has_break, ['definition_break'], []))))::varchar[] as flags, -- what a reader must know
    if(j.published_on is null or (j.prior_id is not null and j.prior_published_on is null), null,
        greatest(j.published_on, j.prior_published_on))::date as known_on -- first day both figures were public; empty with an undated one
from judged as j
left join moved as m on m.observation_id = j.observation_id
left join core.term as v on v.kind = 'validity' and v.term = j.validity
