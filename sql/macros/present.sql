-- The values of a list that are there, in their order.
create or replace macro present(entries) as list_filter(entries, lambda entry: entry is not null);
