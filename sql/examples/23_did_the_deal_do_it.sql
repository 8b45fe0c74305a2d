-- Did JD's direct supply on Kuaishou, live since 16 June 2020, change anything for either of them?
-- How to read it: wording is the answer. An effect counts as seen only where interval, placebos and an earlier day
-- agree; else wording says what could not have been seen, or what is missing; lifted_by of the mart names the figures
-- that would lift that. The studies nearest to an answer come first. pct is in percent of what was to be expected.
select
    effect.platform,
    effect.metric,
    effect.period,
    effect.wording,
    round(effect.effect_pct, 1) as pct
from marts.partnership_effect as effect
where effect.partnership_id = 'kuaishou-jd-2020-direct-supply'
order by
    effect.effect_pct is null,
    len(effect.donors) desc,
    effect.periods_before + effect.periods_after desc,
    effect.study_id
-- Answer: nobody can tell: no study has an effect, for want of quarters before the day or of other platforms with the
-- same periods.
