-- Is the press right: how many parts of claims hold, do not hold, depend on the definition, cannot be checked; then
-- each part that was checked, with what the figures say and what other readings as near would need.
with lacking as (
    select
        reading.claim_id,
        reading.part,
        reading.subject,
        reading.vintage,
        string_agg(distinct reading.missing, '; ' order by reading.missing) as missing
    from marts.claim_check as reading
    where reading.is_plain and reading.verdict = 'not_checkable'
    group by reading.claim_id, reading.part, reading.subject, reading.vintage
)
select
    'counted' as sentence,
    count(*) as parts,
    count(distinct verdict.claim_id) as claims,
    count(*) filter (where verdict.verdict = 'holds') as holding,
    count(*) filter (where verdict.verdict = 'does_not_hold') as failing,
    count(*) filter (where verdict.verdict = 'depends_on_definition') as depending,
    count(*) filter (where verdict.verdict = 'not_checkable') as unchecked,
    null as claim_id,
    null as statement,
    null as meaning,
    null as subject,
    null as verdict,
    null as claimed,
    null as allowed_low,
    null as allowed_high,
    null as computed,
    null as computed_low,
    null as computed_high,
    null as unit,
    null as words,
    null as scope,
    [] as windows,
    null as as_known_on,
    null as reason,
    null as missing,
    [] as input_observation_ids,
    null as document_id
from marts.claim_verdict as verdict
having count(*) > 0
union all
select
    case
        when verdict.unit is null then 'registered'
        when verdict.claimed is null then 'spread'
        when verdict.verdict = 'depends_on_definition' then 'depending'
        when verdict.verdict = 'does_not_hold' and lacking.missing is not null then 'lacking'
        else 'measured'
    end,
    null,
    null,
    null,
    null,
    null,
    null,
    verdict.claim_id,
    verdict.statement,
    part.meaning,
    party.name,
    verdict.verdict,
    verdict.claimed,
    reading.claimed_low,
    reading.claimed_high,
    verdict.computed,
    verdict.computed_low,
    verdict.computed_high,
    verdict.unit,
    coalesce(definition.words, term.meaning),
    reading.scope,
    list_filter([reading.base_period_end, verdict.period_end], lambda day: day is not null),
    reading.as_known_on,
    verdict.reason,
    lacking.missing,
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
left join
    lacking
    on
        lacking.claim_id = verdict.claim_id
        and lacking.part = verdict.part
        and lacking.subject = verdict.subject
        and lacking.vintage = reading.vintage
left join core.term as part on part.kind = 'claim_part' and part.term = verdict.part
left join core.definition as definition on definition.definition = verdict.definition
left join core.term as term on term.kind = 'claim_reading' and term.term = verdict.definition
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
where verdict.verdict <> 'not_checkable'
order by claim_id nulls first, subject, meaning
