-- Whether what was published of a quantity agrees with what the company filed, as far as the printed digits of both tell.
-- Each printed figure is held against every vintage of the filings; one that no filing allows is a break. Only platforms and metrics that filings were read for.
-- grain: observation_id
-- contract: verdicts
with figure as (
    select o.*, o.document_id in (select d.document_id from core.edgar_filing as d) as is_filed
    from core.observation as o
    where o.scope = '' and o.period_start is not null
),
filed as (
    select f.* from figure as f
    where f.is_filed
    qualify f.derivation is null or bool_and(f.derivation is not null) over (
        partition by f.platform, f.metric, f.unit, f.period_start, f.period_end)
),
published as (
    select f.* from figure as f
    where not f.is_filed and f.derivation is null
        and exists (select 1 from filed as r where r.platform = f.platform and r.metric = f.metric)
),
paired as (
    select
        p.observation_id, p.platform, p.metric, p.unit, p.period_type, p.period_start, p.period_end, p.value, p.value_low, p.value_high,
        p.document_id, p.published_on, f.observation_id as filed_id, f.value as filed_value, f.document_id as filed_document_id, f.published_on as filed_on, f.derivation as filed_derivation,
        coalesce(p.value_low <= f.value_high, true) and coalesce(p.value_high >= f.value_low, true) as agrees
    from published as p
    left join filed as f
        on f.platform = p.platform and f.metric = p.metric and f.unit = p.unit and f.period_start = p.period_start
        and f.period_end = p.period_end
    -- the first filing that agrees, else the one that was new when the figure was printed
    qualify row_number() over (
        partition by p.observation_id
        order by agrees and f.observation_id is not null desc,
            if(agrees, f.published_on, null), f.published_on <= p.published_on desc, f.published_on desc, f.observation_id
    ) = 1
),
told as (
    select
        p.observation_id, p.platform, p.metric, p.unit, p.period_type, p.period_start, p.period_end,
        if(p.filed_id is null, 'only_published', if(p.agrees, 'agrees', 'differs')) as verdict, p.value, p.document_id, p.published_on,
        p.filed_id, p.filed_value, p.filed_document_id, p.filed_on, p.filed_derivation
    from paired as p
    union all
    select
        f.observation_id, f.platform, f.metric, f.unit, f.period_type, f.period_start, f.period_end, 'only_filed', null, null, null,
        f.observation_id, f.value, f.document_id, f.published_on, f.derivation
    from filed as f
    where not exists (
        select 1 from published as p
        where p.platform = f.platform and p.metric = f.metric and p.unit = f.unit and p.period_start = f.period_start
            and p.period_end = f.period_end)
    qualify row_number() over (
        partition by f.platform, f.metric, f.unit, f.period_start, f.period_end order by f.published_on desc, f.observation_id) = 1
)
select
    t.observation_id::varchar         as observation_id,       -- figure that is held against the filings; where only filed, the newest of these
    t.platform::varchar               as platform,             -- platform slug
    t.metric::varchar                 as metric,               -- metric slug
    t.unit::varchar                   as unit,                 -- ISO 4217 code
    t.period_type::varchar            as period_type,          -- year, ttm, quarter or other
    t.period_start::date              as period_start,         -- first day of the period
    t.period_end::date                as period_end,           -- last day of the period
    t.verdict::varchar                as verdict,              -- whether print and filing agree, see core.term
    t.value::decimal(28, 6)           as published_value,      -- figure as published, in unit; empty where only filed
    t.document_id::varchar            as published_document_id, -- document that published it
    t.published_on::date              as published_on,         -- day of that document
    t.filed_id::varchar               as filed_observation_id, -- first filed figure that agrees, else the one that was new then; empty where only published
    t.filed_value::decimal(28, 6)     as filed_value,          -- that figure, in unit
    t.filed_document_id::varchar      as filed_document_id,    -- its filing
    t.filed_on::date                  as filed_on,             -- day of filing
    t.filed_derivation::varchar       as filed_derivation,     -- how it follows from two filed figures; empty where the filing states it
    (t.value - t.filed_value)::decimal(28, 6) as difference,   -- published less filed, in unit
    (100 * (t.value - t.filed_value)::double / nullif(t.filed_value, 0)::double)::double as difference_pct, -- the same in percent of the filed figure
    if(t.verdict = 'only_filed', t.filed_on, if(t.verdict = 'only_published', t.published_on, if(t.published_on is null, null, greatest(t.published_on, t.filed_on))))::date as known_on -- first day on which this could be said; empty with an undated document
from told as t
