-- A growth team's morning, 2 of 5: which targets are missed or at risk, and what would each day that is left have to bring?
-- How to read it: forecast lies in its band with 95 % confidence if the days ahead are like those behind. at_risk means that the target is
-- above the band, ahead that it is below, on_track that it lies within. target_changed: first_target was agreed before. no_season: no year
-- before to take the season from, so the days count alike. Without targets of your own this is empty.
select
    p.status, p.platform, p.partnership_id, p.metric, p.period_end, p.shape, p.through_on, p.attained, p.target, p.first_target, round(100 * p.pace, 1) as pace_pct,
    round(p.required_daily, 1) as required_daily, round(p.forecast) as forecast, round(p.forecast_low) as low, round(p.forecast_high) as high, p.flags
from marts.partnership_pacing as p
where p.period_end is null or p.period_end >= (select max(d.date) - 92 from marts.partnership_day as d where d.platform = p.platform)
order by array_position(['at_risk', 'missed', 'not_known', 'on_track', 'no_target', 'not_started', 'ahead'], p.status), p.platform, p.partnership_id, p.metric, p.period_start
