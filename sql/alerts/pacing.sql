-- A plan of a channel that turns: it will be missed, overspent or underspent, or is on its way again.
-- needs: marts.channel_pacing
select
    concat_ws(' ', pacing.platform, nullif(pacing.channel, ''), pacing.metric, pacing.month) as key,
    pacing.status as state,
    pacing.status <> 'on_track' and pacing.status <> 'ahead' and pacing.status <> 'within_budget' as tell_when_new,
    'is ' || replace(pacing.status, '_', ' ') || ': ' || round(pacing.attained, 2) || ' of ' || round(pacing.planned, 2)
    || coalesce(' ' || pacing.currency, '') || ' by ' || pacing.through_on
    || coalesce(
        ', forecast ' || round(pacing.forecast, 0) || ' [' || round(pacing.forecast_low, 0) || ', '
        || round(pacing.forecast_high, 0) || ']',
        ''
    )
    || if(list_contains(pacing.flags, 'unsettled'), ', of which the last days still move', '') as words,
    'make sql Q="from marts.channel_pacing where platform = ''' || pacing.platform || '''"' as look
from marts.channel_pacing as pacing
where pacing.status <> 'not_started' and pacing.status <> 'not_known'
