-- Is the press right: how many parts of how many claims hold, do not hold, depend on the definition, cannot be checked.
select
    count(*) as parts,
    count(distinct verdict.claim_id) as claims,
    count(*) filter (where verdict.verdict = 'holds') as holding,
    count(*) filter (where verdict.verdict = 'does_not_hold') as failing,
    count(*) filter (where verdict.verdict = 'depends_on_definition') as depending,
    count(*) filter (where verdict.verdict = 'not_checkable') as unchecked
from marts.claim_verdict as verdict
having count(*) > 0
