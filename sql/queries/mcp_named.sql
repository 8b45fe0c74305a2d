-- What questions can name: platforms, metrics, definitions of cost, deals, claims and words, with what each means.
with named as (
    select
        'platform' as kind,
        platform.platform as name,
        platform.name as label,
        concat_ws('; ', platform.company, platform.role, platform.listing, platform.reporting_currency) as meaning
    from core.platform as platform
    union all
    select
        'metric',
        metric.metric,
        metric.label,
        metric.definition || '; ' || metric.unit
    from core.metric as metric
    union all
    select
        'definition',
        definition.definition,
        definition.formula,
        definition.words
    from core.definition as definition
    union all
    select
        'deal',
        deal.partnership_id,
        deal.traffic_partner || ' and ' || deal.supply_partner,
        concat_ws('; ', deal.kind, deal.status, deal.announced_on, deal.terms)
    from core.partnership as deal
    union all
    select
        'claim',
        claim.claim_id,
        claim.statement,
        concat_ws('; ', claim.kind, claim.published_on, array_to_string(claim.subjects, ', '))
    from core.claim as claim
    union all
    select
        'word',
        term.term,
        term.kind,
        term.meaning
    from core.term as term
)
select
    named.kind,
    named.name,
    named.label,
    coalesce(named.meaning, '') as meaning
from named
where
    ($kind = '' or named.kind = $kind)
    and list_count(
        list_filter(
            $words::varchar[],
            lambda word: contains(lower(concat_ws(' ', named.name, named.label, named.meaning)), word)
        )
    ) = len($words::varchar[])
order by
    named.name <> array_to_string($words::varchar[], ' '),
    named.kind = 'word',
    not contains(lower(concat_ws(' ', named.name, named.label)), array_to_string($words::varchar[], ' ')),
    named.kind,
    named.name
