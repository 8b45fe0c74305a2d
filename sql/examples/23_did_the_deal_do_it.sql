-- Did JD's direct supply on Kuaishou, live since 16 June 2020, change anything for either of them?
-- How to read it: wording is the answer. An effect counts as seen only where interval, placebos and an earlier day
-- agree; else the row says what could not have been seen, or what is missing and which figures would lift that. The
-- studies nearest to an answer come first. unit is percent of what was to be expected.
select
    effect.platform,
    effect.metric,
    effect.period,
    effect.wording,
    effect.verdict,
    round(effect.effect_pct, 1) as effect_pct,
    round(effect.effect_pct_low, 1) as low,
    round(effect.effect_pct_high, 1) as high,
    round(effect.smallest_pct, 1) as smallest_pct,
    effect.donors,
    effect.foreign_donors,
    effect.periods_before,
    effect.periods_after,
    effect.missing,
    effect.lifted_by,
    effect.flags,
    effect.known_on
from marts.partnership_effect as effect
where effect.partnership_id = 'kuaishou-jd-2020-direct-supply'
order by
    effect.effect_pct is null,
    len(effect.donors) desc,
    effect.periods_before + effect.periods_after desc,
    effect.study_id
