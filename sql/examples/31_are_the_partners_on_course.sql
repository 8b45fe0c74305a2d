-- A growth team's morning, 2 of 5: which targets are missed or at risk, and what would each day that is left have to
-- bring?
-- How to read it: the sum of the period will lie in the band of forecast with 95 % confidence if the days ahead are
-- like those behind. pace is in percent of what should be there by now, daily what each day that is left has to bring.
-- at_risk means that the target is above the band, ahead that it is below, on_track that it lies within. flags of
-- marts.partnership_pacing say more. Without targets of your own this is empty.
select
    pacing.status,
    pacing.partnership_id as deal,
    pacing.metric,
    pacing.period_end,
    pacing.attained::bigint as attained,
    pacing.target::bigint as target,
    round(100 * pacing.pace)::int as pace,
    round(pacing.required_daily, 1) as daily,
    format('[{:.0f}, {:.0f}]', pacing.forecast_low, pacing.forecast_high) as forecast
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
-- Answer: no: of the demo's targets until 2025-12-31 sim_video_bazaar_link missed its own, with 480 new buyers for 598.
