-- How many numbers rest on a document without a date: nobody can say since when they are known.
select
    number.mart,
    count(*) as numbers,
    count(*) filter (where number.known_on is null) as undated_numbers
from (
    select
        'marts.cac_trend' as mart,
        trend.known_on
    from marts.cac_trend as trend
    where trend.cac is not null
    union all
    select
        'marts.cac_decomposition',
        change.known_on
    from marts.cac_decomposition as change
    where change.cac_factor is not null
    union all
    select
        'marts.unit_economics',
        economics.known_on
    from marts.unit_economics as economics
    where economics.value is not null
    union all
    select
        'marts.peer_rank',
        peer.compared_known_on
    from marts.peer_rank as peer
    where peer.rank is not null
) as number
group by number.mart
order by undated_numbers desc, number.mart
