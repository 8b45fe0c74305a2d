-- How much of a number is rounding: ok up to 5 %, coarse up to 20 %, else uninformative.
create or replace macro rounding_grade(half_width, amount) as
case
    when half_width <= 0.05 * amount then 'ok'
    when half_width <= 0.20 * amount then 'coarse'
    else 'uninformative'
end;
