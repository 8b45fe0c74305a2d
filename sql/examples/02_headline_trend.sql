-- How did acquisition cost develop when one bad year does not break the trend?
-- How to read it: spend of two years over the buyers gained in two years. The index is 100 at the first valid window;
-- cagr is the yearly growth since then. Windows overlap by a year, so neighbours are not independent.
select
    trend.platform,
    trend.scope,
    trend.period_start,
    trend.period_end,
    round(trend.cac, 2) as cac,
    round(trend.cac_low, 2) as low,
    round(trend.cac_high, 2) as high,
    trend.currency,
    trend.index_base,
    round(trend.cac_index, 1) as cac_index,
    round(trend.cac_cagr_pct, 1) as cagr_pct
from marts.cac_trend as trend
where trend.definition = 'cac_pooled_2y' and trend.cac is not null
order by trend.platform, trend.scope, trend.period_end
