-- A plan of a channel that turns: it will be missed, overspent or underspent, or is on its way again.
-- needs: marts.channel_pacing
select
    concat_ws(' ', pacing.platform, nullif(pacing.channel, ''), pacing.metric, pacing.month) as key,
    pacing.status as state,
    list_contains(
        ['at_risk', 'missed', 'over_budget', 'will_overspend', 'will_underspend'], pacing.status
    ) as tell_when_new,
    'is ' || replace(pacing.status, '_', ' ') || ': ' || round(pacing.attained, 2) || ' of ' || round(pacing.planned, 2)
    || coalesce(' ' || pacing.currency, '') || ' by ' || pacing.through_on
    || coalesce(
        ', forecast ' || round(pacing.forecast, 0) || ' [' || round(pacing.forecast_low, 0) || ', '
        || round(pacing.forecast_high, 0) || ']',
        ''
    ) as words,
    'make sql Q="from marts.channel_pacing where platform = ''' || pacing.platform || '''"' as look
from marts.channel_pacing as pacing
where not list_contains(['not_started', 'not_known'], pacing.status)
