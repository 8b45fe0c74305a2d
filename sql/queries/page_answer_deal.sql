-- Did the deal work, or why can nobody tell: JD's direct supply on Kuaishou, and each deal that has an estimate; of a
-- deal the study that is nearest to an answer.
select
    case
        when effect.effect_pct is null then 'refused'
        when effect.verdict = 'effect_seen' then 'seen'
        else 'estimated'
    end as sentence,
    effect.partnership_id,
    traffic.name as traffic,
    supply.name as supply,
    partner.name,
    coalesce(metric.label, effect.metric) as figure,
    effect.event_on,
    effect.wording,
    effect.effect_pct,
    effect.effect_pct_low,
    effect.effect_pct_high,
    effect.smallest_pct,
    effect.missing,
    effect.lifted_by,
    effect.status,
    effect.known_on,
    deal.document_id
from marts.partnership_effect as effect
join core.partnership as deal on deal.partnership_id = effect.partnership_id
left join core.party as traffic on traffic.party = deal.traffic_partner
left join core.party as supply on supply.party = deal.supply_partner
left join core.platform as partner on partner.platform = effect.platform
left join core.metric as metric on metric.metric = effect.metric
where
    effect.partnership_id = 'kuaishou-jd-2020-direct-supply'
    or effect.partnership_id in (
        select other.partnership_id from marts.partnership_effect as other
        where other.effect_pct is not null
    )
qualify
    row_number() over (
        partition by effect.partnership_id
        order by
            effect.effect_pct is null,
            len(effect.donors) desc,
            effect.periods_before + effect.periods_after desc,
            effect.study_id
    ) = 1
order by effect.partnership_id
