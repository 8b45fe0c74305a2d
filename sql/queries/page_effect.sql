-- The studies of JD on Kuaishou and of each deal that has an estimate: those nearest to an answer first.
select
    effect.partnership_id,
    partner.name,
    coalesce(metric.label, effect.metric) as figure,
    effect.period,
    effect.event_on,
    effect.effect_pct,
    effect.effect_pct_low,
    effect.effect_pct_high,
    effect.smallest_pct,
    effect.status,
    effect.wording,
    len(effect.donors) as donor_count,
    effect.periods_before,
    effect.periods_after,
    effect.missing,
    effect.lifted_by,
    effect.flags,
    effect.known_on,
    deal.document_id
from marts.partnership_effect as effect
join core.partnership as deal on deal.partnership_id = effect.partnership_id
left join core.platform as partner on partner.platform = effect.platform
left join core.metric as metric on metric.metric = effect.metric
where
    effect.partnership_id = 'kuaishou-jd-2020-direct-supply'
    or effect.partnership_id in (
        select other.partnership_id from marts.partnership_effect as other
        where other.effect_pct is not null
    )
order by
    effect.partnership_id,
    effect.effect_pct is null,
    len(effect.donors) desc,
    effect.periods_before + effect.periods_after desc,
    effect.study_id
