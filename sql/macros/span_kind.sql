-- What kind of period so many days are: quarter, half, nine_months, year or other. Weeks and leap days are allowed for.
create or replace macro span_kind(days) as
case
    when days between 84 and 98 then 'quarter'
    when days between 175 and 190 then 'half'
    when days between 266 and 280 then 'nine_months'
    when days between 357 and 371 then 'year'
    else 'other'
end;
