-- The last day of a period that ends so many months earlier: 2020-02-29 is 12 months before 2021-02-28.
create or replace macro months_before(period_end, months) as (period_end + 1 - to_months(months))::date - 1;
