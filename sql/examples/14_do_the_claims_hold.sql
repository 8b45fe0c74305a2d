-- What did the press and management say, and does it hold?
-- How to read it: one row for each part of a claim. depends_on_definition means that only pooled years or a scenario
-- would allow it; not_checkable names the figure that is missing. verdict_then of the mart is as known on the claim's
-- own day. docs/claims.md says how claims are judged; many readings tried and few holding
-- is chance: holding says how many of the readings tried do. reason in marts.claim_verdict has the words.
select
    verdict.claim_id,
    verdict.part,
    verdict.subject,
    verdict.verdict,
    round(verdict.claimed, 2) as claimed,
    round(verdict.computed, 2) as computed,
    verdict.unit,
    verdict.readings_holding || ' of ' || verdict.readings_tried as holding
from marts.claim_verdict as verdict
order by verdict.claim_id, verdict.part, verdict.subject
-- Answer: Pinduoduo's 150 CNY (a01) do not hold, since 163.01 CNY is computed for the day; Alibaba's 500 CNY (a02) do
-- not hold either, at 703.79 CNY.
