-- The flags of these lists together, each once, in the order of the alphabet. An empty list, an empty flag and NULL
-- count as none: a flag with a condition is case when ... then 'name' end.
create or replace macro all_flags(flags, others := null, further := null) as
coalesce(list_sort(list_distinct(list_concat(flags, others, further))), []);
