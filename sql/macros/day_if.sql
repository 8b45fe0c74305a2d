-- The day of an input that may be absent, for known_on: an absent one holds nothing up, one without a date is empty.
create or replace macro day_if(is_there, day) as if(is_there, day, date '-infinity');
