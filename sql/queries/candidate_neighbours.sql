-- Each figure of the document $document beside the nearest known one of its quantity with as long a period, and how
-- many times as large it is; known is what other documents print.
-- Columns: observation_id, times, years (between their ends, rounded up), words.
with told as (
    select
        figure.*,
        coalesce(figure.period_end - figure.period_start, 0) as days
    from core.printed_figure as figure
    where figure.qualifier = 'exact' and figure.value <> 0
),
neighbour as (
    select
        candidate.observation_id,
        greatest(abs(candidate.value / known.value), abs(known.value / candidate.value))::double as times,
        known.observation_id || ': ' || known.value::bigint || ' ' || known.unit || ', '
        || coalesce(known.period_start || ' to ', '') || known.period_end || ', ' || known.document_id as words,
        abs(candidate.period_end - known.period_end) as distance,
        ceil(abs(candidate.period_end - known.period_end) / 366)::integer as years
    from told as candidate
    join told as known
        on
            known.platform = candidate.platform and known.metric = candidate.metric and known.scope = candidate.scope
            and known.unit = candidate.unit and abs(known.days - candidate.days) <= 14
            and known.document_id <> candidate.document_id
    where candidate.document_id = $document
)
select
    neighbour.observation_id,
    neighbour.times,
    neighbour.years,
    neighbour.words
from neighbour
qualify row_number() over (
    partition by neighbour.observation_id order by neighbour.distance, neighbour.times, neighbour.words
) = 1
