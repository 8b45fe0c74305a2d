-- A claim whose verdict flipped: a new figure speaks for it, against it, or takes the ground away.
-- needs: marts.claim_verdict
select
    concat_ws(' ', verdict.claim_id, verdict.part, verdict.subject) as key,
    verdict.verdict_now as state,
    false as tell_when_new,
    'is now ' || verdict.verdict_now || ': ' || verdict.reason as words,
    'make sql Q="from marts.claim_check where claim_id = ''' || verdict.claim_id || '''"' as look
from marts.claim_verdict as verdict
