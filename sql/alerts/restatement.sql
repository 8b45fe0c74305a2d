-- A company printed a different figure for a quantity it had printed before. Those of the first load are history.
-- needs: core.observation
select
    concat_ws(' ', o.platform, o.metric, nullif(o.scope, ''), o.period_start, 'to', o.period_end, o.unit) as key,
    max_by(o.value, (o.published_on, o.observation_id))::varchar as state,
    max(o.loaded_at) > (select min(f.loaded_at) from core.observation as f) as tell_when_new,
    'restated to ' || max_by(o.printed_as, (o.published_on, o.observation_id)) || ', published on ' || max(o.published_on) as words,
    'make explain ID=' || max_by(o.observation_id, (o.published_on, o.observation_id)) as look
from core.observation as o
where o.is_restatement
group by all
