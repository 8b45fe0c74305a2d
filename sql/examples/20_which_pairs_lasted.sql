-- Which pairs of a traffic and a supply platform lasted, which parted, and after how long?
-- How to read it: one row a pair. parted means that its last deal ended, after renewals or not; parted_and_back that it
-- parted and came back. last_on is a lower bound: the pair ran on that day or later. It is empty where a deal ended and
-- nobody says when. span_days runs from first_on to last_on, interruptions included; it is a lifetime only where the
-- pair parted and is_unbroken says that its deals leave no gap, and empty where only one day is known. longest_deal is
-- in days, of the deals whose first and last day are known; most ends are not.
select
    league.traffic_partner as traffic,
    league.supply_partner as supply,
    league.pair_outcome as outcome,
    league.pair_first_on as first_on,
    league.pair_last_on as last_on,
    league.pair_span_days as span_days,
    league.is_pair_unbroken as is_unbroken,
    max(league.pair_deals) as deals,
    max(league.life_days) as longest_deal
from marts.partnership_league as league
group by all
order by outcome, span_days desc nulls last, traffic, supply
-- Answer: WeChat and JD parted on 2025-09-30 by what was announced, 4,222 days after their first deal, with or without
-- interruptions; Kuaishou and JD parted and came back, within 1,230 days until 2022-10-29.
