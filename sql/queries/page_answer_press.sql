-- Is the press right: how many parts of claims hold, do not hold, depend on the definition, cannot be checked, and how
-- many verdicts are others today, and what they are then; then each part that was checked: as known on which day, what
-- its words allow and by which rule, what the figures say, what they say today where that is another verdict, and what
-- other readings as near would need.
with lacking as (
    select
        reading.claim_id,
        reading.part,
        reading.subject,
        reading.vintage,
        array_to_string(list_sort(list_distinct(flatten(list(string_split(reading.missing, '; '))))), '; ') as missing
    from marts.claim_check as reading
    where reading.is_plain and reading.verdict = 'not_checkable'
    group by reading.claim_id, reading.part, reading.subject, reading.vintage
),
today as (
    select
        reading.*,
        coalesce(definition.words, term.meaning) as words,
        verdict.verdict_now
    from marts.claim_verdict as verdict
    join marts.claim_check as reading
        on
            reading.claim_id = verdict.claim_id
            and reading.part = verdict.part
            and reading.subject = verdict.subject
            and reading.vintage = 'now'
            and (reading.verdict = 'holds') = (verdict.verdict_now <> 'does_not_hold')
            and reading.is_plain = (verdict.verdict_now <> 'depends_on_definition')
    left join core.definition as definition on definition.definition = reading.definition
    left join core.term as term on term.kind = 'claim_reading' and term.term = reading.definition
    where verdict.verdict_now <> verdict.verdict and verdict.verdict_now <> 'not_checkable'
    qualify
        row_number() over (
            partition by verdict.claim_id, verdict.part, verdict.subject
            order by abs(reading.computed - reading.claimed), reading.period_end desc, reading.definition
        ) = 1
),
change as (
    select
        reading.claim_id,
        reading.part,
        reading.subject,
        max(definition_break.from_period_end) as counted_from
    from marts.claim_check as reading
    join core.definition as definition on definition.definition = reading.definition
    join core.definition_break as definition_break
        on
            definition_break.platform = reading.subject
            and definition_break.metric = 'annual_active_buyers'
            and definition_break.scope = reading.scope
            and definition_break.from_period_end > reading.base_period_end
            and definition_break.from_period_end <= reading.period_end
    where reading.is_best
    group by reading.claim_id, reading.part, reading.subject
),
deal_document as (
    select
        reading.claim_id,
        reading.part,
        reading.subject,
        list_distinct(
            list_filter(flatten(list([league.document_id, league.end_document_id])), lambda id: id is not null)
        ) as document_ids
    from (
        select
            known.claim_id,
            known.part,
            known.subject,
            unnest(known.partnership_ids) as partnership_id
        from marts.claim_check as known
        where known.is_best
    ) as reading
    join marts.partnership_league as league on league.partnership_id = reading.partnership_id
    group by reading.claim_id, reading.part, reading.subject
)
select
    ['counted'] as sentence,
    count(*) as parts,
    count(distinct verdict.claim_id) as claims,
    count(*) filter (where verdict.verdict = 'holds') as holding,
    count(*) filter (where verdict.verdict = 'does_not_hold') as failing,
    count(*) filter (where verdict.verdict = 'depends_on_definition') as depending,
    count(*) filter (where verdict.verdict = 'not_checkable') as unchecked,
    count(*) filter (where verdict.verdict_now <> verdict.verdict) as flipped,
    count(*) filter (where verdict.verdict_now = 'holds') as holding_now,
    count(*) filter (where verdict.verdict_now = 'does_not_hold') as failing_now,
    count(*) filter (where verdict.verdict_now = 'depends_on_definition') as depending_now
from marts.claim_verdict as verdict
having count(*) > 0
union all by name
select
    list_filter(
        [
            case
                when verdict.unit is null then 'register'
                when reading.vintage = 'then' then 'then'
                when verdict.verdict_then is null then 'undated'
                else 'later'
            end,
            case
                when verdict.unit is null or verdict.verdict = 'depends_on_definition' then 'reason'
                when reading.claimed_low is null then 'at_most'
                when reading.claimed_high is null then 'at_least'
                when verdict.claimed is null then 'range'
                else 'value'
            end,
            case
                when verdict.unit is null or verdict.verdict = 'depends_on_definition' then null
                when reading.base_period_end is not null then 'windows'
                when reading.period_start is not null then 'window'
                else 'day'
            end,
            if(change.counted_from is null, null, 'break'),
            if(list_contains(reading.flags, 'undated_input'), 'undated_input', null),
            case
                when today.base_period_end is not null then 'today_windows'
                when today.claim_id is not null then 'today'
            end,
            if(verdict.verdict = 'does_not_hold' and lacking.missing is not null, 'lacking', null)
        ],
        lambda part: part is not null
    ) as sentence,
    verdict.claim_id,
    verdict.statement,
    part.meaning,
    party.name as subject,
    verdict.verdict,
    verdict.claimed_on,
    reading.as_known_on,
    verdict.claimed::decimal(28, 4) as claimed,
    reading.claimed_low::decimal(28, 4) as allowed_low,
    reading.claimed_high::decimal(28, 4) as allowed_high,
    tolerance.meaning as allowed_by,
    verdict.computed,
    verdict.computed_low,
    verdict.computed_high,
    verdict.unit,
    coalesce(definition.words, term.meaning) as words,
    reading.scope,
    reading.period_start,
    reading.period_end,
    reading.base_period_start as base_start,
    reading.base_period_end as base_end,
    change.counted_from,
    verdict.reason,
    today.verdict_now,
    today.computed as now_computed,
    today.computed_low as now_computed_low,
    today.computed_high as now_computed_high,
    today.words as now_words,
    today.period_start as now_start,
    today.period_end as now_end,
    today.base_period_start as now_base_start,
    today.base_period_end as now_base_end,
    lacking.missing,
    list_distinct(flatten([reading.input_observation_ids, today.input_observation_ids])) as input_observation_ids,
    verdict.document_id,
    deal_document.document_ids
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
left join
    today on today.claim_id = verdict.claim_id and today.part = verdict.part and today.subject = verdict.subject
left join
    change on change.claim_id = verdict.claim_id and change.part = verdict.part and change.subject = verdict.subject
left join
    deal_document
    on
        deal_document.claim_id = verdict.claim_id
        and deal_document.part = verdict.part
        and deal_document.subject = verdict.subject
left join core.term as part on part.kind = 'claim_part' and part.term = verdict.part
left join core.term as tolerance on tolerance.kind = 'claim_tolerance' and tolerance.term = reading.tolerance
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
