-- The key of a quantity as one value that can be compared: also a point, which has no first day, equals itself.
create or replace macro quantity(platform, metric, scope, unit, period_start, period_end) as
row(platform, metric, scope, unit, coalesce(period_start, date '0001-01-01'), period_end);
