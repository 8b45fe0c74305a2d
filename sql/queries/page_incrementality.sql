-- What ad platforms claim for a deal, what last touch gives it, and what would not have come without it.
select
    platform.name,
    deal.partnership_id,
    deal.metric,
    deal.reported,
    deal.attributed,
    deal.incremental,
    deal.incremental_low,
    deal.incremental_high,
    deal.total,
    deal.first_on,
    deal.last_on,
    deal.spend,
    deal.currency,
    deal.cost_per_attributed,
    deal.cost_per_incremental,
    deal.verdict as effect_verdict,
    deal.status,
    deal.flags,
    deal.study_id
from marts.incrementality as deal
left join core.platform as platform on platform.platform = deal.platform
order by deal.platform, deal.partnership_id, deal.metric, deal.study_id
