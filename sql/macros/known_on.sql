-- The first day on which a row could have been computed: the latest day of its inputs, empty when one of them has no
-- date. `greatest` would skip that input. One that may be absent enters as day_if(is_there, day).
create or replace macro known_on(day, other := date '-infinity', third := date '-infinity') as
if(day is null or other is null or third is null, null, nullif(greatest(day, other, third), date '-infinity'));
