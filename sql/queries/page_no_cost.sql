-- Where there is no cost over twelve months, and why: windows of which some figures are known, by platform and reason.
select
    platform.name,
    trend.scope,
    trend.validity,
    term.meaning as why,
    term.is_missing as lacks_figure,
    count(*) as window_count,
    min(trend.period_end) as first_window,
    max(trend.period_end) as last_window
from marts.cac_trend as trend
join core.platform as platform on platform.platform = trend.platform
join core.term as term on term.kind = 'validity' and term.term = trend.validity
where trend.definition = 'cac_net_12m' and trend.cac is null
group by trend.platform, platform.name, trend.scope, trend.validity, term.meaning, term.is_missing
order by term.is_missing, trend.platform, trend.scope, window_count desc, trend.validity
