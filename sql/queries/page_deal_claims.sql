-- The claims about both partners of a deal, with their verdicts.
select
    'deal-' || deal.partnership_id as file,
    verdict.claim_id,
    verdict.statement,
    part.meaning as part,
    verdict.claimed_on,
    verdict.verdict,
    verdict.reason,
    verdict.document_id
from core.partnership as deal
join
    core.claim as claim
    on list_contains(claim.subjects, deal.traffic_partner) and list_contains(claim.subjects, deal.supply_partner)
join marts.claim_verdict as verdict on verdict.claim_id = claim.claim_id
left join core.term as part on part.kind = 'claim_part' and part.term = verdict.part
where deal.partnership_id in (select unnest($keys))
order by deal.partnership_id, verdict.claim_id, verdict.part, verdict.subject
