-- How many annual active buyers a platform gained over the windows of core.definition, by perimeter of the count.
-- Both ends have one scope and one definition; a window across a break has no number.
-- group: cost_steps
-- grain: platform, scope, period_end, months
with level as (
    select figure.* from core.observation_latest as figure
    where figure.metric = 'annual_active_buyers' and figure.unit = 'persons'
),
span as (
    select
        level.*,
        window_length.months,
        months_before(level.period_end, window_length.months) as start_on
    from level
    cross join (select distinct definition.months from core.definition as definition) as window_length
),
pair as (
    select
        span.platform,
        span.scope,
        coalesce(start.period_end, span.start_on) + 1 as period_start,
        span.period_end,
        span.months,
        start.value as buyers_start,
        start.value_low as buyers_start_low,
        start.value_high as buyers_start_high,
        span.value as buyers_end,
        span.value_low as buyers_end_low,
        span.value_high as buyers_end_high,
        span.rounding_half_width + start.rounding_half_width as half_width,
        span.qualifier = 'exact' and coalesce(start.qualifier, 'exact') = 'exact' as is_exact,
        span.covered_on,
        if(start.observation_id is null, span.consolidation, one_of(span.consolidation, start.consolidation))
            as consolidation,
        list_concat(coalesce(start.flags, []), span.flags) as flags,
        present([start.observation_id, span.observation_id]) as inputs,
        known_on(span.published_on, day_if(start.observation_id is not null, start.published_on)) as known_on,
        exists(
            select 1 from core.definition_break as definition_break
            where
                definition_break.platform = span.platform
                and definition_break.metric = span.metric
                and definition_break.scope = span.scope
                and definition_break.from_period_end > coalesce(start.period_end, span.start_on + 7)
                and definition_break.from_period_end <= span.period_end
        ) as has_break
    from span
    left join level as start
        on start.platform = span.platform and start.scope = span.scope and is_same_end(start.period_end, span.start_on)
),
judged as (
    select
        pair.*,
        case
            when pair.has_break then 'definition_break'
            when pair.buyers_start is null then 'missing_buyers_start'
            when pair.consolidation = 'mixed' then 'consolidation_mismatch'
            when not pair.is_exact then 'bounds_only'
            else rounding_grade(pair.half_width, abs(pair.buyers_end - pair.buyers_start))
        end as validity
    from pair
),
graded as (
    select
        judged.*,
        term.has_number,
        term.is_comparable
    from judged
    left join core.term as term on term.kind = 'validity' and term.term = judged.validity
)
select
    graded.platform::varchar as platform,                         -- platform slug
    graded.scope::varchar as scope,                               -- perimeter of the buyer count; '' is the whole
    graded.period_start::date as period_start,                    -- first day of the window
    graded.period_end::date as period_end,                        -- last day of the window
    graded.months::integer as months,                             -- length of the window, months
    graded.buyers_start::decimal(28, 6) as buyers_start,  -- annual active buyers on the day before the window, persons
    graded.buyers_start_low::decimal(28, 6) as buyers_start_low,  -- least the print allows, persons
    graded.buyers_start_high::decimal(28, 6) as buyers_start_high,  -- greatest the print allows, persons
    graded.buyers_end::decimal(28, 6) as buyers_end,              -- annual active buyers on the last day, persons
    graded.buyers_end_low::decimal(28, 6) as buyers_end_low,      -- least the print allows, persons
    graded.buyers_end_high::decimal(28, 6) as buyers_end_high,    -- greatest the print allows, persons
    if(graded.has_number, graded.buyers_end - graded.buyers_start, null)::decimal(28, 6) as net_adds,
    -- buyers gained less buyers lapsed, persons; empty where validity is a null reason
    if(graded.is_comparable, graded.buyers_end_low - graded.buyers_start_high, null)::decimal(28, 6) as net_adds_low,
    -- least the prints allow, persons
    if(graded.is_comparable, graded.buyers_end_high - graded.buyers_start_low, null)::decimal(28, 6) as net_adds_high,
    -- greatest the prints allow, persons
    graded.half_width::decimal(28, 6) as half_width,              -- rounding of both ends together, persons
    graded.covered_on::date as covered_on,
    -- day of the first document of the company that covers the end of the window; empty where none did by known_on
    graded.consolidation::varchar as consolidation,
    -- parts of the company that the counts cover, see core.consolidation; mixed where the two ends differ
    graded.validity::varchar as validity,  -- whether there is a number, or why not, see core.term
    all_flags(graded.flags, if(graded.has_break, ['definition_break'], []))::varchar[] as flags,
    -- what a reader must know
    graded.inputs::varchar[] as input_observation_ids,            -- figures at start and end
    graded.known_on::date as known_on  -- first day both figures were public; empty with an undated one
from graded
