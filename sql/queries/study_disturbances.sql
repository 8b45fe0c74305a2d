-- Days from and to which a platform's figures are no comparison, and why: another deal of its own was announced, began
-- or ended; a definition changed; or study_exclusions.csv says so. A metric '' is every one.
select
    side.platform,
    '' as metric,
    'other_deal' as place,
    deal.partnership_id,
    event.event_on as starts_on,
    event.event_on as ends_on
from core.partnership as deal
cross join lateral (values (deal.traffic_platform), (deal.supply_platform)) as side (platform)
cross join lateral (values (deal.announced_on), (deal.effective_on), (deal.ended_on)) as event (event_on)
where side.platform is not null and event.event_on is not null
union
select
    definition_break.platform,
    definition_break.metric,
    'definition_break',
    '',
    definition_break.from_period_end,
    definition_break.from_period_end
from core.definition_break as definition_break
union
select
    exclusion.platform,
    exclusion.metric,
    'excluded',
    '',
    exclusion.starts_on,
    exclusion.ends_on
from core.study_exclusion as exclusion
order by all
