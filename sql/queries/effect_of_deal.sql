-- The studies of a deal: those with an estimate, then those with most donors and periods. $deal is its partnership_id.
select effect.*
from marts.partnership_effect as effect
where effect.partnership_id = $deal
order by
    effect.effect_pct is null,
    len(effect.donors) desc,
    effect.periods_before + effect.periods_after desc,
    effect.study_id
