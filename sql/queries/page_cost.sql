-- Cost of a net new buyer over twelve months: every number, and for fiscal years also why there is none.
select
    platform.name,
    trend.scope,
    trend.fiscal_label,
    trend.cac,
    trend.cac_low,
    trend.cac_high,
    trend.currency,
    trend.validity,
    term.meaning as why,
    term.is_ranked,
    trend.period_start,
    trend.period_end,
    trend.expense_nature,
    trend.spend,
    trend.net_adds,
    trend.flags,
    trend.known_on,
    trend.input_observation_ids,
    trend.row_id
from marts.cac_trend as trend
join core.platform as platform on platform.platform = trend.platform
join core.term as term on term.kind = 'validity' and term.term = trend.validity
where
    trend.definition = 'cac_net_12m'
    and (
        trend.cac is not null or trend.cac_low is not null or trend.cac_high is not null
        or trend.fiscal_label not like '% Q%'
    )
order by trend.currency, trend.platform, trend.scope, trend.period_end
