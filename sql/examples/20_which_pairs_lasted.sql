-- Which pairs of a traffic and a supply platform lasted, which parted, and after how long?
-- How to read it: one row a pair. parted means that every deal of the pair has ended, parted_and_back that links were cut and came
-- back. span_days runs from the first to the last day known, interruptions included; it is a lifetime only where the pair parted, and
-- empty where only one day is known. life_days stands for each deal whose first and last day are known; most ends are not.
select
    l.traffic_partner, l.supply_partner, l.pair_outcome, l.pair_deals as deals, l.pair_first_on as first_on, l.pair_last_on as last_on,
    l.pair_span_days as span_days, list(l.partnership_id || ': ' || l.life_days || ' days' order by l.started_on) filter (where l.life_days is not null) as lives,
    min(l.days_until_back) as days_until_back
from marts.partnership_league as l
group by all
order by l.pair_outcome, span_days desc nulls last, l.traffic_partner, l.supply_partner
