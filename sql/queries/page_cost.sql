-- Cost of a net new buyer over twelve months: every number, every window of which both figures are known and a cost has
-- no meaning, and for fiscal years also which figure is missing.
select
    platform.name,
    trend.scope,
    trend.fiscal_label,
    trend.cac,
    trend.cac_low,
    trend.cac_high,
    trend.currency,
    trend.validity,
    if(trend.cac is null, term.meaning, null) as why,
    term.is_ranked,
    term.is_missing,
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
        or trend.fiscal_label not like '% Q%' or not term.is_missing
    )
order by trend.currency, trend.platform, trend.scope, trend.period_end
