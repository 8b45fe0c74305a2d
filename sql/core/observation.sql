-- One figure printed in one document, or one that follows from two of them; nothing is ever overwritten.
-- grain: observation_id
with printed as (
    select
        r.reading['observation_id'] as observation_id, r.fields['platform'] as platform, r.fields['metric'] as metric,
        coalesce(r.fields['scope'], '') as scope, r.fields['period_type'] as period_type,
        nullif(r.fields['period_start'], '')::date as period_start, r.fields['period_end']::date as period_end,
        r.fields['value']::decimal(28, 6) as value, r.reading['rounding_half_width']::decimal(28, 6) as half_width,
        r.fields['unit'] as unit, r.fields['qualifier'] as qualifier, r.fields['basis'] as basis,
        d.document_id, r.fields['locator'] as locator, r.fields['printed_as'] as printed_as,
        null::varchar as derivation, []::varchar[] as derived_from, d.kind as source_class, d.class_rank, d.published_on, r.loaded_at
    from raw.reference_row as r join core.document as d on d.document_id = r.fields['document_id']
    where r.kind = 'observation' and r.superseded_at is null
    union all by name select e.*, 'filing' as source_class, 1 as class_rank from core.edgar_observation as e
),
derived as (
    select
        'drv_' || substr(md5(concat_ws('|', i.observation_id, l.observation_id, w.derivation)), 1, 16) as observation_id,
        l.platform, l.metric, l.scope, l.period_type, (l.period_start + to_months(w.sign * round((i.period_end + 1 - i.period_start) / 30.4375)::integer))::date as period_start,
        if(w.sign < 0, i.period_start - 1, i.period_end)::date as period_end,
        l.value + w.sign * i.value as value, l.half_width + i.half_width as half_width, l.unit, 'exact' as qualifier, l.basis,
        i.document_id, i.locator, i.printed_as, w.derivation, [l.observation_id, i.observation_id] as derived_from,
        if(l.class_rank > i.class_rank, l.source_class, i.source_class) as source_class, greatest(l.class_rank, i.class_rank) as class_rank,
        if(l.published_on is null or i.published_on is null, null, greatest(l.published_on, i.published_on)) as published_on, greatest(l.loaded_at, i.loaded_at) as loaded_at
    from printed as i
    join (values (-1, 'level_less_increase'), (1, 'level_plus_increase')) as w(sign, derivation) on true
    join printed as l
        on l.platform = i.platform and l.scope = i.scope and l.unit = i.unit and i.metric = l.metric || '_net_add'
        and l.qualifier = 'exact' and i.qualifier = 'exact' and l.period_start is not null
        and l.period_end = if(w.sign < 0, i.period_end, i.period_start - 1)
    where not exists (
        select 1 from core.definition_break as b
        where b.platform = l.platform and b.metric = l.metric and b.scope = l.scope and b.from_period_end between i.period_start and i.period_end
    ) and not exists ( -- the increase is counted from the level as it stood then, not from one that had been restated by then
        select 1 from printed as r
        where r.platform = l.platform and r.metric = l.metric and r.scope = l.scope and r.unit = l.unit and r.qualifier = 'exact' and r.class_rank <= l.class_rank
            and r.period_start = l.period_start and r.period_end = l.period_end and r.published_on > l.published_on and r.published_on <= i.published_on
            and abs(r.value - l.value) > r.half_width + l.half_width
    )
),
figure as (
    select p.*, exists (
        select 1 from printed as e
        where e.platform = p.platform and e.metric = p.metric and e.scope = p.scope and e.unit = p.unit and e.period_start is not distinct from p.period_start and e.period_end = p.period_end and e.class_rank = 1
            and e.derivation is null and e.qualifier = 'exact' and e.published_on < p.published_on and abs(e.value - p.value) > e.half_width + p.half_width
    ) and p.class_rank = 1 and p.qualifier = 'exact' and p.derivation is null as is_restatement
    from printed as p
    union all
    select v.*, false from derived as v
)
select
    f.observation_id::varchar                                                as observation_id,      -- stable identifier of the figure
    f.platform::varchar                                                      as platform,            -- platform slug
    f.metric::varchar                                                        as metric,              -- metric slug
    f.scope::varchar                                                         as scope,               -- perimeter; '' is the whole
    f.period_type::varchar                                                   as period_type,         -- year, ttm, quarter, point or other
    f.period_start::date                                                     as period_start,        -- first day of the period; empty for a point
    f.period_end::date                                                       as period_end,          -- last day of the period
    f.value::decimal(28, 6)                                                  as value,               -- figure in base units of unit
    if(f.qualifier = 'at_most', null, f.value - if(f.qualifier = 'at_least', 0, f.half_width))::decimal(28, 6) as value_low, -- least value the print allows; empty when it gives no lower bound
    if(f.qualifier = 'at_least', null, f.value + if(f.qualifier = 'at_most', 0, f.half_width))::decimal(28, 6) as value_high, -- greatest value the print allows; empty when it gives no upper bound
    f.half_width::decimal(28, 6)                                             as rounding_half_width, -- half a unit of the last digit that counts, in unit
    f.unit::varchar                                                          as unit,                -- ISO 4217 code, persons, orders, percent, count or CNY_per_person
    f.qualifier::varchar                                                     as qualifier,           -- exact, about, at_least or at_most
    f.basis::varchar                                                         as basis,               -- gaap, ifrs, non_gaap, operating or press
    f.document_id::varchar                                                   as document_id,         -- document in which it stands; of a derived level, that of the increase; of a derived quarter, the later one
    f.locator::varchar                                                       as locator,             -- where in the document
    f.printed_as::varchar                                                    as printed_as,          -- as it is printed there
    f.derivation::varchar                                                    as derivation,          -- empty, or how it follows from derived_from
    f.derived_from::varchar[]                                                as derived_from,        -- observations it follows from: level and increase, or longer period and its beginning
    f.source_class::varchar                                                  as source_class,        -- kind of the document; of a derived level, the weaker of its two
    f.class_rank::integer                                                    as class_rank,          -- 1 filing and company release, 2 media, 3 secondary
    f.is_restatement::boolean                                                as is_restatement,      -- whether the company had printed a different figure for the same quantity before
    list_filter([if(f.is_restatement, 'restated_input', null), if(f.basis = 'press', 'press_basis', null),
        if(f.qualifier <> 'exact', 'approx_input', null), if(f.published_on is null, 'undated_input', null),
        if(f.derivation is not null, 'derived_input', null)], lambda x: x is not null)::varchar[] as flags, -- what a number computed from it must say
    f.published_on::date                                                     as published_on,        -- when the world could know it; empty where the document has no date
    f.loaded_at::timestamptz                                                 as loaded_at            -- when this warehouse knew it
from figure as f
