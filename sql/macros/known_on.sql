-- The first day on which a row could have been computed: the latest day of its inputs, empty when one of them has no
-- date. `greatest` would skip that input. One that may be absent enters as day_if(is_there, day).
create or replace macro known_on
    (day) as nullif(day, date '-infinity'),
    (day, other) as if(day is null or other is null, null, nullif(greatest(day, other), date '-infinity')),
    (day, other, third) as
        if(day is null or other is null or third is null, null, nullif(greatest(day, other, third), date '-infinity'));
