-- Cost of a net new buyer over two years, the headline trend: one bad year does not break it.
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
    trend.cac_index,
    trend.cac_index_low,
    trend.cac_index_high,
    trend.flags,
    trend.known_on,
    trend.input_observation_ids,
    trend.row_id
from marts.cac_trend as trend
join core.platform as platform on platform.platform = trend.platform
join core.term as term on term.kind = 'validity' and term.term = trend.validity
where
    trend.definition = 'cac_pooled_2y'
    and (trend.cac is not null or trend.cac_low is not null or trend.cac_high is not null)
order by trend.currency, trend.platform, trend.scope, trend.period_end
