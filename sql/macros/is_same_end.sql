-- Whether two days may be the ends of the same period: companies that count in weeks are up to a week off.
create or replace macro is_same_end(day, other) as abs(day - other) <= 7;
