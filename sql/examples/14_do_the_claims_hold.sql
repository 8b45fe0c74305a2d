-- What did the press and management say, and does it hold?
-- How to read it: one row for each part of a claim. depends_on_definition means that only pooled years or a scenario would allow it;
-- not_checkable names the figure that is missing. verdict_then is as known on the claim's own day, empty where its document has no date.
-- docs/claims.md says how claims are judged; many readings tried and few holding is chance.
select
    v.claim_id, v.part, v.subject, v.verdict, v.verdict_then, v.verdict_now, v.claimed, round(v.computed, 2) as computed, v.unit,
    v.readings_tried, v.readings_holding, v.reason
from marts.claim_verdict as v
order by v.claim_id, v.part, v.subject
