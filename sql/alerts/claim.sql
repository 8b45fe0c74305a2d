-- A claim whose verdict flipped: a new figure speaks for it, against it, or takes the ground away.
-- needs: marts.claim_verdict
select
    concat_ws(' ', v.claim_id, v.part, v.subject) as key,
    v.verdict_now as state,
    false as tell_when_new,
    'is now ' || v.verdict_now || ': ' || v.reason as words,
    'make sql Q="from marts.claim_check where claim_id = ''' || v.claim_id || '''"' as look
from marts.claim_verdict as v
