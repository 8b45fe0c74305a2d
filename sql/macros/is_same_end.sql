-- Whether two days may be the ends of the same period: companies that count in weeks are up to a week off. Each
-- comparison has one day on either side: with a condition that mixes them, DuckDB 1.5 compares all rows in a LEFT JOIN.
create or replace macro is_same_end(day, other) as day >= other - 7 and day <= other + 7;
