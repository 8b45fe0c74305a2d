-- How did acquisition cost develop when one bad year does not break the trend?
-- How to read it: spend of two years over the buyers gained in two years. The index is 100 at the first valid window;
-- cagr is the yearly growth since then. Windows overlap by a year, so neighbours are not independent.
select
    trend.platform,
    trend.scope,
    trend.period_end,
    round(trend.cac, 2) as cac,
    format('[{:.2f}, {:.2f}]', trend.cac_low, trend.cac_high) as interval,
    trend.currency,
    round(trend.cac_index, 1) as cac_index,
    round(trend.cac_cagr_pct, 1) as cagr_pct
from marts.cac_trend as trend
where trend.definition = 'cac_pooled_2y' and trend.cac is not null
order by trend.platform, trend.scope, trend.period_end
-- Answer: Pinduoduo's cost over two years rose from 119.32 CNY [119.28, 119.35] until 2019-12-31 to 303.34 CNY [303.23,
-- 303.45] until 2021-12-31, 59.4 % a year.
