-- Are the deals on course: every target whose period ends in the last quarter that was delivered, or later.
select
    platform.name,
    pacing.partnership_id,
    pacing.metric,
    pacing.period_start,
    pacing.period_end,
    pacing.through_on,
    pacing.attained,
    pacing.target,
    pacing.currency,
    pacing.pace,
    pacing.forecast,
    pacing.forecast_low,
    pacing.forecast_high,
    pacing.required_daily,
    pacing.status,
    term.meaning,
    pacing.flags
from marts.partnership_pacing as pacing
left join core.platform as platform on platform.platform = pacing.platform
left join core.term as term on term.kind = 'pacing' and term.term = pacing.status
where
    pacing.period_end >= (
        select max(day.date) - 92 from marts.partnership_day as day
        where day.platform = pacing.platform
    )
order by pacing.platform, pacing.partnership_id, pacing.metric, pacing.period_start
