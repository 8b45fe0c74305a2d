-- Every part of every claim, with its verdict, the reading to quote and the figures behind it.
select
    verdict.claim_id,
    verdict.statement,
    part.meaning as part,
    party.name as subject,
    verdict.verdict,
    verdict.claimed,
    verdict.computed,
    verdict.computed_low,
    verdict.computed_high,
    verdict.unit,
    verdict.reason,
    verdict.claimed_on,
    verdict.verdict_then,
    verdict.verdict_now,
    verdict.period_start,
    verdict.period_end,
    reading.as_known_on,
    reading.input_observation_ids,
    verdict.document_id
from marts.claim_verdict as verdict
join
    marts.claim_check as reading
    on
        reading.claim_id = verdict.claim_id
        and reading.part = verdict.part
        and reading.subject = verdict.subject
        and reading.is_best
left join (
    select
        named.subject,
        coalesce(string_agg(known.name, ' and ' order by known.name), named.subject) as name
    from (
        select distinct
            other.subject,
            unnest(string_split(other.subject, ';')) as party
        from marts.claim_verdict as other
    ) as named
    left join core.party as known on known.party = named.party
    group by named.subject
) as party on party.subject = verdict.subject
left join core.term as part on part.kind = 'claim_part' and part.term = verdict.part
order by verdict.claim_id, verdict.part, verdict.subject
