-- The deals that have a file: those with a partner's figures around their days or with a study, the newest sixty.
select
    'deal-' || deal.partnership_id as file,
    deal.partnership_id as asked,
    traffic.name as traffic,
    supply.name as supply
from core.partnership as deal
join core.party as traffic on traffic.party = deal.traffic_partner
join core.party as supply on supply.party = deal.supply_partner
where
    deal.partnership_id in (
        select figure.partnership_id from marts.partnership_window as figure
        where figure.side <> 'peer'
        union
        select study.partnership_id from marts.partnership_effect as study
    )
order by coalesce(deal.announced_on, deal.effective_on) desc nulls last, deal.partnership_id
limit 60
