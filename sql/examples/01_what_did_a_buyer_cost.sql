-- What did each platform spend on sales and marketing for every buyer it gained in a year?
-- How to read it: cac is in currency per net new buyer; the truth lies between cac_low and cac_high as far as the
-- printed digits go. The larger doubt is what is counted: scope_mismatch means that the whole company's expense
-- stands against a narrower count of buyers. Rows marked uninformative are mostly rounding.
select
    trend.platform,
    trend.scope,
    trend.fiscal_label,
    round(trend.cac, 2) as cac,
    round(trend.cac_low, 2) as low,
    round(trend.cac_high, 2) as high,
    trend.currency,
    trend.validity,
    trend.flags,
    trend.known_on
from marts.cac_trend as trend
where trend.definition = 'cac_net_12m' and trend.cac is not null
order by trend.platform, trend.scope, trend.period_end
