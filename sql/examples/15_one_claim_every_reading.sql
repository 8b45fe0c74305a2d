-- JD's acquisition cost of 2016 was quoted as 147.67 (claim x07, October 2017) and as 142 (claim x02, a page without a
-- date). Which is right?
-- How to read it: both, each at its vintage; JD restated the expense in April 2018. Every definition that gives a
-- number stands here, with the interval that the printed digits allow against the one that the claim's digits allow;
-- is_plain is the nearest to the claim's words.
select
    reading.claim_id,
    reading.vintage,
    reading.as_known_on,
    reading.definition,
    reading.is_plain,
    reading.verdict,
    reading.claimed_low,
    reading.claimed_high,
    round(reading.computed, 2) as computed,
    round(reading.computed_low, 2) as low,
    round(reading.computed_high, 2) as high,
    reading.flags
from marts.claim_check as reading
where reading.claim_id in ('x02', 'x07')
order by reading.claim_id, reading.vintage desc, reading.is_plain desc, reading.definition
