-- How did acquisition cost develop when one bad year does not break the trend?
-- How to read it: spend of two years over the buyers gained in two years. The index is 100 at the first valid window;
-- cagr is the yearly growth since then. Windows overlap by a year, so neighbours are not independent.
select
    c.platform, c.scope, c.period_start, c.period_end, round(c.cac, 2) as cac, round(c.cac_low, 2) as low,
    round(c.cac_high, 2) as high, c.currency, c.index_base, round(c.cac_index, 1) as cac_index, round(c.cac_cagr_pct, 1) as cagr_pct
from marts.cac_trend as c
where c.definition = 'cac_pooled_2y' and c.cac is not null
order by c.platform, c.scope, c.period_end
