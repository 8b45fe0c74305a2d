-- JD's acquisition cost of 2016 was quoted as 147.67 (claim x07, October 2017) and as 142 (claim x02, a page without a date). Which is right?
-- How to read it: both, each at its vintage; JD restated the expense in April 2018. Every definition that gives a number stands here,
-- with the interval that the printed digits allow against the one that the claim's digits allow; is_plain is the nearest to the claim's words.
select
    k.claim_id, k.vintage, k.as_known_on, k.definition, k.is_plain, k.verdict, k.claimed_low, k.claimed_high,
    round(k.computed, 2) as computed, round(k.computed_low, 2) as low, round(k.computed_high, 2) as high, k.flags
from marts.claim_check as k
where k.claim_id in ('x02', 'x07')
order by k.claim_id, k.vintage desc, k.is_plain desc, k.definition
