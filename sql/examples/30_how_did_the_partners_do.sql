-- A growth team's morning, 1 of 5: how did each partnership do in the last 28 days, and against the 28 days before?
-- How to read it: spend / new buyers is partner_cac, and the truth lies between low and high with 95 % confidence; where the interval of
-- one partner overlaps another's, neither is cheaper for certain. ratio is partner_cac over the whole platform's. flags come first:
-- late_data, missing_figures or no_rate mean that the row is not complete yet. Without daily data of your own this is empty.
with latest as (
    select l.platform, max(l.date) as date from marts.partnership_performance as l where l.span = 'day' group by l.platform
)
select
    p.platform, p.partnership_id, p.date, p.days, p.net_gmv, round(100 * (p.net_gmv::double / nullif(b.net_gmv::double, 0) - 1), 1) as change_pct, p.new_buyers,
    round(100 * p.share_of_new_buyers, 1) as share_pct, p.spend, p.currency, round(p.partner_cac, 2) as cac, round(p.partner_cac_low, 2) as low, round(p.partner_cac_high, 2) as high,
    round(p.cac_ratio, 2) as ratio, p.validity, p.flags
from marts.partnership_performance as p
join latest as l on l.platform = p.platform and l.date = p.date
left join marts.partnership_performance as b on b.platform = p.platform and b.partnership_id = p.partnership_id and b.span = p.span and b.date = p.date - 28
where p.span = 'trailing_28'
order by p.platform, p.net_gmv desc
