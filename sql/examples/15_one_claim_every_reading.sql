-- JD's acquisition cost of 2016 was quoted as 147.67 (claim x07, October 2017) and as 142 (claim x02, a page without a
-- date). Which is right?
-- How to read it: both, each at its vintage; JD restated the expense in April 2018. Every definition that gives a
-- number stands here, with the interval that the printed digits allow against the one that the claim's digits allow;
-- plain is the nearest to the claim's words.
select
    reading.claim_id,
    reading.as_known_on,
    reading.definition,
    reading.is_plain as plain,
    reading.verdict,
    format('[{:.2f}, {:.2f}]', reading.claimed_low, reading.claimed_high) as claimed,
    round(reading.computed, 2) as computed,
    format('[{:.2f}, {:.2f}]', reading.computed_low, reading.computed_high) as interval
from marts.claim_check as reading
where reading.claim_id in ('x02', 'x07')
order by reading.claim_id, reading.vintage desc, reading.is_plain desc, reading.definition
-- Answer: both: 147.67 CNY [147.46, 147.87] as known on 2017-10-17, and 141.88 CNY [141.68, 142.08], within the claimed
-- 141.50 to 142.50, as known today.
