-- A company printed a different figure for a quantity it had printed before. Those of the first look are history.
-- needs: core.observation
-- news
select
    concat_ws(
        ' ',
        observation.platform,
        observation.metric,
        nullif(observation.scope, ''),
        observation.period_start,
        'to',
        observation.period_end,
        observation.unit
    ) as key,
    max_by(observation.value, (observation.published_on, observation.observation_id))::varchar as state,
    true as tell_when_new,
    'restated to '
    || max_by(observation.printed_as, (observation.published_on, observation.observation_id))
    || ', published on '
    || max(observation.published_on) as words,
    'make explain ID='
    || max_by(observation.observation_id, (observation.published_on, observation.observation_id)) as look
from core.observation as observation
where observation.is_restatement
group by all
