-- What did the press and management say, and does it hold?
-- How to read it: one row for each part of a claim. depends_on_definition means that only pooled years or a scenario
-- would allow it; not_checkable names the figure that is missing. verdict_then is as known on the claim's own day,
-- empty where its document has no date. docs/claims.md says how claims are judged; many readings tried and few holding
-- is chance.
select
    verdict.claim_id,
    verdict.part,
    verdict.subject,
    verdict.verdict,
    verdict.verdict_then,
    verdict.verdict_now,
    verdict.claimed,
    round(verdict.computed, 2) as computed,
    verdict.unit,
    verdict.readings_tried,
    verdict.readings_holding,
    verdict.reason
from marts.claim_verdict as verdict
order by verdict.claim_id, verdict.part, verdict.subject
