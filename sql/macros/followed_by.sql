-- Two lists one behind the other, without the entries of the second that the first has.
create or replace macro followed_by(entries, further) as
list_concat(entries, list_filter(further, lambda entry: not coalesce(list_contains(entries, entry), false)));
