-- By platform, the quarters in which one of its other deals was announced, began or ended. $deal is not counted.
select
    side.platform,
    list(distinct year(event.event_on) * 4 + quarter(event.event_on) - 1)
from core.partnership as deal
cross join lateral (values (deal.traffic_platform), (deal.supply_platform)) as side (platform)
cross join lateral (values (deal.announced_on), (deal.effective_on), (deal.ended_on)) as event (event_on)
where deal.partnership_id <> $deal and side.platform is not null and event.event_on is not null
group by side.platform
