-- A growth team's morning, 2 of 5: which targets are missed or at risk, and what would each day that is left have to
-- bring?
-- How to read it: forecast lies in its band with 95 % confidence if the days ahead are like those behind. at_risk means
-- that the target is above the band, ahead that it is below, on_track that it lies within. target_changed: first_target
-- was agreed before. no_season: no year before to take the season from, so the days count alike. Without targets of
-- your own this is empty.
select
    pacing.status,
    pacing.platform,
    pacing.partnership_id,
    pacing.metric,
    pacing.period_end,
    pacing.shape,
    pacing.through_on,
    pacing.attained,
    pacing.target,
    pacing.first_target,
    round(100 * pacing.pace, 1) as pace_pct,
    round(pacing.required_daily, 1) as required_daily,
    round(pacing.forecast) as forecast,
    round(pacing.forecast_low) as low,
    round(pacing.forecast_high) as high,
    pacing.flags
from marts.partnership_pacing as pacing
where
    pacing.period_end is null or pacing.period_end >= (
        select max(day.date) - 92 from marts.partnership_day as day
        where day.platform = pacing.platform
    )
order by
    array_position(['at_risk', 'missed', 'not_known', 'on_track', 'no_target', 'not_started', 'ahead'], pacing.status),
    pacing.platform,
    pacing.partnership_id,
    pacing.metric,
    pacing.period_start
