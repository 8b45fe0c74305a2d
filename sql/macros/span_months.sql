-- The length of a period in whole months.
create or replace macro span_months(period_start, period_end) as
round((period_end + 1 - period_start) / 30.4375)::integer;
