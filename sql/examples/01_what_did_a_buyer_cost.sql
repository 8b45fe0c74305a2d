-- What did each platform spend on sales and marketing for every buyer it gained in a year?
-- How to read it: cac is in currency per net new buyer; the truth lies between cac_low and cac_high as far as the
-- printed digits go. The larger doubt is what is counted: scope_mismatch means that the whole company's expense
-- stands against a narrower count of buyers. Rows marked uninformative are mostly rounding.
select
    c.platform, c.scope, c.fiscal_label, round(c.cac, 2) as cac, round(c.cac_low, 2) as low, round(c.cac_high, 2) as high,
    c.currency, c.validity, c.flags, c.known_on
from marts.cac_trend as c
where c.definition = 'cac_net_12m' and c.cac is not null
order by c.platform, c.scope, c.period_end
