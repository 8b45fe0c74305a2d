-- Every study of a deal: what it did to a figure, or what is missing to tell; those nearest to an answer first.
select
    'deal-' || effect.partnership_id as file,
    partner.name,
    coalesce(metric.label, effect.metric) as figure,
    effect.period,
    effect.event_on,
    effect.effect_pct,
    effect.effect_pct_low,
    effect.effect_pct_high,
    effect.status,
    effect.wording,
    effect.periods_before,
    effect.periods_after,
    effect.missing,
    effect.lifted_by,
    effect.flags,
    effect.partnership_id
from marts.partnership_effect as effect
left join core.platform as partner on partner.platform = effect.platform
left join core.metric as metric on metric.metric = effect.metric
where effect.partnership_id in (select unnest($keys))
order by
    effect.partnership_id,
    effect.effect_pct is null,
    len(effect.donors) desc,
    effect.periods_before + effect.periods_after desc,
    effect.study_id
