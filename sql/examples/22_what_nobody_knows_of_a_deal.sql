-- What is known of every deal in the registry, and what is not?
-- How to read it: outcome is what a document proves. not known is said of the data, not of the world: another folder of
-- figures may bring the day or the terms. Long words go on in the next row. document_id and end_document_id of the mart
-- name the documents that tell of the deal and of its end.
with said as (
    select
        league.partnership_id,
        league.outcome,
        'known' as what,
        league.known as words
    from marts.partnership_league as league
    union all
    select
        league.partnership_id,
        league.outcome,
        'not known',
        league.not_known
    from marts.partnership_league as league
)
select
    said.partnership_id as deal,
    said.outcome,
    said.what,
    line.number,
    said.lines[line.number] as words
from (
    select
        said.*,
        regexp_extract_all(said.words, '.{1,46}(\s|$)') as lines
    from said
) as said
cross join lateral (select unnest(range(1, len(said.lines) + 1)) as number) as line
order by said.partnership_id, said.what, line.number
-- Answer: what a deal alone brought is known of none: nobody prints it.
