-- Whether what was published of a quantity agrees with what the company filed, as far as the printed digits of both
-- tell.
-- The part of marts.tie_out that holds each printed figure against every vintage of the filings; one that none allows
-- is a break. Only platforms and metrics that filings were read for.
-- grain: observation_id
-- contract: verdicts
with figure as (
    select
        observation.*,
        observation.document_id in (select filing.document_id from core.edgar_filing as filing) as is_filed
    from core.observation as observation
    where observation.scope = '' and observation.period_start is not null
),
filed as (
    select figure.* from figure
    where figure.is_filed
    qualify figure.derivation is null or bool_and(figure.derivation is not null) over (
        partition by figure.platform, figure.metric, figure.unit, figure.period_start, figure.period_end
    )
),
published as (
    select figure.* from figure
    join (select distinct
        filed.platform,
        filed.metric
    from filed) as read
        on read.platform = figure.platform and read.metric = figure.metric
    where not figure.is_filed and figure.derivation is null
),
paired as (
    select
        published.observation_id,
        published.platform,
        published.metric,
        published.unit,
        published.period_type,
        published.period_start,
        published.period_end,
        published.value,
        published.value_low,
        published.value_high,
        published.document_id,
        published.published_on,
        filed.observation_id as filed_id,
        filed.value as filed_value,
        filed.document_id as filed_document_id,
        filed.published_on as filed_on,
        filed.derivation as filed_derivation,
        tie_out.verdict = 'confirmed' as agrees
    from published
    left join (
        select
            tie_out.observation_id,
            tie_out.verdict,
            tie_out.evidence_observation_ids[1] as filed_id
        from marts.tie_out as tie_out
        where tie_out.rule = 'print_and_filing'
    ) as tie_out
        on tie_out.observation_id = published.observation_id
    left join filed on filed.observation_id = tie_out.filed_id
    -- the first filing that agrees, else the one that was new when the figure was printed
    qualify row_number() over (
        partition by published.observation_id
        order by
            agrees and filed.observation_id is not null desc,
            if(agrees, filed.published_on, null),
            filed.published_on <= published.published_on desc,
            filed.published_on desc,
            filed.observation_id
    ) = 1
),
told as (
    select
        paired.observation_id,
        paired.platform,
        paired.metric,
        paired.unit,
        paired.period_type,
        paired.period_start,
        paired.period_end,
        if(paired.filed_id is null, 'only_published', if(paired.agrees, 'agrees', 'differs')) as verdict,
        paired.value,
        paired.document_id,
        paired.published_on,
        paired.filed_id,
        paired.filed_value,
        paired.filed_document_id,
        paired.filed_on,
        paired.filed_derivation
    from paired
    union all
    select
        filed.observation_id,
        filed.platform,
        filed.metric,
        filed.unit,
        filed.period_type,
        filed.period_start,
        filed.period_end,
        'only_filed',
        null,
        null,
        null,
        filed.observation_id,
        filed.value,
        filed.document_id,
        filed.published_on,
        filed.derivation
    from filed
    left join published
        on
            published.platform = filed.platform
            and published.metric = filed.metric
            and published.unit = filed.unit
            and published.period_start = filed.period_start
            and published.period_end = filed.period_end
    where published.observation_id is null
    qualify row_number() over (
        partition by filed.platform, filed.metric, filed.unit, filed.period_start, filed.period_end
        order by filed.published_on desc, filed.observation_id
    ) = 1
)
select
    told.observation_id::varchar as observation_id,
    -- figure that is held against the filings; where only filed, the newest of these
    told.platform::varchar as platform,                    -- platform slug
    told.metric::varchar as metric,                        -- metric slug
    told.unit::varchar as unit,                            -- ISO 4217 code
    told.period_type::varchar as period_type,              -- year, ttm, quarter or other
    told.period_start::date as period_start,               -- first day of the period
    told.period_end::date as period_end,                   -- last day of the period
    told.verdict::varchar as verdict,                      -- whether print and filing agree, see core.term
    told.value::decimal(28, 6) as published_value,         -- figure as published, in unit; empty where only filed
    told.document_id::varchar as published_document_id,    -- document that published it
    told.published_on::date as published_on,               -- day of that document
    told.filed_id::varchar as filed_observation_id,
    -- first filed figure that agrees, else the one that was new then; empty where only published
    told.filed_value::decimal(28, 6) as filed_value,       -- that figure, in unit
    told.filed_document_id::varchar as filed_document_id,  -- its filing
    told.filed_on::date as filed_on,                       -- day of filing
    told.filed_derivation::varchar as filed_derivation,
    -- how it follows from two filed figures; empty where the filing states it
    (told.value - told.filed_value)::decimal(28, 6) as difference,  -- published less filed, in unit
    (100 * ratio(told.value - told.filed_value, told.filed_value))::double as difference_pct,
    -- the same in percent of the filed figure
    known_on(
        day_if(told.verdict <> 'only_filed', told.published_on), day_if(told.verdict <> 'only_published', told.filed_on)
    )::date as known_on  -- first day on which this could be said; empty with an undated document
from told
