-- What did each platform spend on sales and marketing for every buyer it gained in a year?
-- How to read it: cac is in currency per net new buyer; the truth lies in the interval as far as the printed digits
-- go. The larger doubt is what is counted, which the column flags of marts.cac_trend says: scope_mismatch means
-- that the whole company's expense stands against a narrower count of buyers. Rows marked uninformative are mostly
-- rounding.
select
    trend.platform,
    trend.scope,
    trend.fiscal_label as label,
    round(trend.cac, 2) as cac,
    format('[{:.2f}, {:.2f}]', trend.cac_low, trend.cac_high) as interval,
    trend.currency as unit,
    trend.validity,
    trend.known_on
from marts.cac_trend as trend
where trend.definition = 'cac_net_12m' and trend.cac is not null
order by trend.platform, trend.scope, trend.period_end
-- Answer: from 65.28 CNY (JD, FY2012) to 703.79 CNY (Alibaba's Chinese retail marketplaces, FY2020), and from 90.05 USD
-- (Chewy, FY2020) to 239.92 USD (Wayfair, FY2020 Q1), by the companies' own prints.
