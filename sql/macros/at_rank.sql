-- The value at a rank of a sorted list, from 1; between two ranks the values are joined by a line. Empty outside it.
create or replace macro at_rank(sorted, place) as
case
    when place between 1 and len(sorted)
        then
            sorted[floor(place)::integer]
            + (place - floor(place)) * (sorted[ceil(place)::integer] - sorted[floor(place)::integer])
end;
