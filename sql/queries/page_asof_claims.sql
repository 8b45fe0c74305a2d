-- The claims that had been made by a day that matters, newest first, with the verdict of their own day and today's.
select
    'asof-' || turn.day as file,
    verdict.claimed_on,
    verdict.claim_id,
    verdict.statement,
    part.meaning as part,
    verdict.verdict_then,
    verdict.verdict_now,
    verdict.claimed,
    verdict.unit,
    verdict.reason,
    verdict.document_id
from (
    select unnest($keys) as day
) as turn
join marts.claim_verdict as verdict on verdict.claimed_on <= turn.day
left join core.term as part on part.kind = 'claim_part' and part.term = verdict.part
order by turn.day, verdict.claimed_on desc, verdict.claim_id, verdict.part, verdict.subject
