-- One quantity for each unit of another, as DOUBLE; empty where the other is zero.
create or replace macro ratio(amount, base) as cast(amount as double) / nullif(cast(base as double), 0);
