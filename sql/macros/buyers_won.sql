-- The buyers won in a window, by the shape of a definition in core.definition: what an acquisition cost divides by.
-- It must rise with the buyers at the end and fall with those at the start: its extremes come from theirs.
create or replace macro buyers_won(shape, lapse, at_start, at_end) as
case shape
    when 'net' then at_end - at_start
    when 'gross' then at_end - (1 - lapse) * at_start
end;
