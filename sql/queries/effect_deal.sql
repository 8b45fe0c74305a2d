-- The day and the two sides of a deal. $deal is its partnership_id.
select
    coalesce(deal.effective_on, deal.announced_on),
    deal.traffic_platform,
    deal.supply_platform
from core.partnership as deal
where deal.partnership_id = $deal
