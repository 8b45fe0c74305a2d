-- A figure of a period that no document prints but that follows from printed ones of the same series and vintage: a
-- longer period less its beginning, or a fiscal year, plus the part that follows it, less the same part of that year.
-- group: figures
-- grain: observation_id
with sign as (
    select
        concept.metric,
        bool_or(concept.sign = 'any') as may_be_negative
    from core.edgar_concept as concept
    group by concept.metric
),
flow as (
    select
        printed.*,
        span_kind(printed.period_end - printed.period_start + 1) as span,
        row(
            printed.platform,
            printed.metric,
            printed.scope,
            printed.unit,
            printed.consolidation,
            coalesce(printed.expense_nature, ''),
            printed.basis,
            printed.concept,
            printed.vintage
        ) as series,
        coalesce(printed.published_on, date 'infinity') as known_on,
        coalesce(sign.may_be_negative, false) as may_be_negative
    from core.printed_figure as printed
    join core.metric as metric on metric.metric = printed.metric and metric.kind = 'flow'
    left join sign on sign.metric = printed.metric
    where printed.qualifier = 'exact' and printed.vintage is not null and span <> 'other'
),
-- a print adds nothing to one that is as fine, of as good a source, and not younger
part as (
    select flow.* from flow
    where not exists (
        select 1 from flow as better
        where
            better.series = flow.series
            and better.period_start = flow.period_start
            and better.period_end = flow.period_end
            and better.half_width <= flow.half_width
            and better.class_rank <= flow.class_rank
            and better.known_on <= flow.known_on
            and (better.half_width, better.class_rank, better.known_on, better.document_id, better.observation_id)
            < (flow.half_width, flow.class_rank, flow.known_on, flow.document_id, flow.observation_id)
    )
),
rest as (
    select
        longer.* replace (
            (shorter.period_end + 1)::date as period_start,
            longer.value - shorter.value as value,
            longer.half_width + shorter.half_width as half_width,
            longer.printed_as || ' - ' || shorter.printed_as as printed_as,
            if(longer.known_on < shorter.known_on, shorter.document_id, longer.document_id) as document_id,
            if(longer.known_on < shorter.known_on, shorter.locator, longer.locator) as locator,
            if(longer.class_rank < shorter.class_rank, shorter.source_class, longer.source_class) as source_class,
            greatest(longer.class_rank, shorter.class_rank) as class_rank,
            known_on(longer.published_on, shorter.published_on) as published_on,
            greatest(longer.known_on, shorter.known_on) as known_on,
            greatest(longer.loaded_at, shorter.loaded_at) as loaded_at
        ),
        shorter.span as beginning,
        span_kind(longer.period_end - shorter.period_end) as rest_span,
        [longer.observation_id, shorter.observation_id] as derived_from
    from part as longer
    join part as shorter
        on
            shorter.series = longer.series
            and shorter.period_start = longer.period_start
            and shorter.period_end < longer.period_end
    where longer.period_type <> 'ttm' and (longer.value >= shorter.value or longer.may_be_negative)
),
derived as (
    select
        rest.*,
        rest.span || '_less_' || rest.beginning as derivation,
        if(rest.rest_span = 'quarter', 'quarter', 'other') as kind
    from rest
    where
        rest.rest_span = 'quarter' and (rest.span, rest.beginning) in (
            ('year', 'nine_months'), ('nine_months', 'half'), ('half', 'quarter')
        )
        or rest.rest_span = 'half' and (rest.span, rest.beginning) = ('year', 'half')
    union all
    select
        rest.* replace (
            later.period_end as period_end,
            rest.value + later.value as value,
            rest.half_width + later.half_width as half_width,
            rest.printed_as || ' + ' || later.printed_as as printed_as,
            if(rest.known_on < later.known_on, later.document_id, rest.document_id) as document_id,
            if(rest.known_on < later.known_on, later.locator, rest.locator) as locator,
            if(rest.class_rank < later.class_rank, later.source_class, rest.source_class) as source_class,
            greatest(rest.class_rank, later.class_rank) as class_rank,
            known_on(rest.published_on, later.published_on) as published_on,
            greatest(rest.loaded_at, later.loaded_at) as loaded_at,
            list_append(rest.derived_from, later.observation_id) as derived_from
        ),
        'year_rolled_forward',
        'ttm'
    from rest
    join part as later
        on
            later.series = rest.series
            and later.period_start = rest.period_end + 1
            and later.span = rest.beginning
    where rest.span = 'year' and span_kind(later.period_end - rest.period_start + 1) = 'year'
)
select
    (
        'drv_' || substr(md5(concat_ws('|', array_to_string(derived.derived_from, '|'), derived.derivation)), 1, 16)
    )::varchar as observation_id,                      -- stable identifier of the figure
    derived.platform::varchar as platform,             -- platform slug
    derived.metric::varchar as metric,                 -- metric slug, of a flow
    derived.scope::varchar as scope,                   -- perimeter; '' is the whole
    derived.consolidation::varchar as consolidation,   -- parts of the company that it covers, see core.consolidation
    derived.expense_nature::varchar as expense_nature,
    -- what a sales and marketing expense holds, see core.expense_line; empty for another metric
    derived.kind::varchar as period_type,              -- quarter, ttm or other
    derived.period_start::date as period_start,        -- first day of the period
    derived.period_end::date as period_end,            -- last day of the period
    derived.value::decimal(28, 6) as value,            -- figure in base units of unit
    derived.half_width::decimal(28, 6) as half_width,  -- sum of the half widths of derived_from, in unit
    derived.unit::varchar as unit,                     -- ISO 4217 code, orders or another unit of a flow
    derived.basis::varchar as basis,                   -- gaap, ifrs, non_gaap, operating or press
    derived.document_id::varchar as document_id,       -- document of the part that became public last
    derived.locator::varchar as locator,               -- where in that document
    derived.printed_as::varchar as printed_as,         -- its parts as they are printed
    derived.derivation::varchar as derivation,         -- how it follows from derived_from
    derived.derived_from::varchar[] as derived_from,
    -- longer period, its beginning and, of twelve months, the part that follows
    derived.source_class::varchar as source_class,     -- kind of the weakest document
    derived.class_rank::integer as class_rank,         -- 1 filing and company release, 2 media, 3 secondary
    derived.published_on::date as published_on,        -- when all parts were public; empty with an undated one
    derived.loaded_at::timestamp as loaded_at        -- when this warehouse knew it, UTC
from derived
where not exists (
    select 1 from core.definition_break as definition_break
    where
        definition_break.platform = derived.platform
        and definition_break.metric = derived.metric
        and definition_break.scope = derived.scope
        and definition_break.from_period_end between derived.period_start and derived.period_end
)
