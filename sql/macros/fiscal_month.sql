-- The month, 1 to 12, in which a fiscal year ends that is written as MM-DD.
create or replace macro fiscal_month(fiscal_year_end) as split_part(fiscal_year_end, '-', 1)::integer;
