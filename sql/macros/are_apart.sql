-- Whether no number lies in both intervals: two figures contradict each other beyond rounding.
create or replace macro are_apart(low, high, other_low, other_high) as low > other_high or high < other_low;
