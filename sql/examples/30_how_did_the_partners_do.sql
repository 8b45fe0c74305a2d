-- A growth team's morning, 1 of 5: how did each partnership do in the last 28 days, and against the 28 days before?
-- How to read it: spend / new buyers is partner_cac, and the truth lies between low and high with 95 % confidence;
-- where the interval of one partner overlaps another's, neither is cheaper for certain. ratio is partner_cac over the
-- whole platform's. flags come first: late_data, missing_figures or no_rate mean that the row is not complete yet, and
-- unsettled that it will still change: rank no such cost against a settled one.
-- Without daily data of your own this is empty.
with latest as (
    select
        latest.platform,
        max(latest.date) as date
    from marts.partnership_performance as latest
    where latest.span = 'day'
    group by latest.platform
)
select
    performance.platform,
    performance.partnership_id,
    performance.date,
    performance.days,
    performance.net_gmv,
    round(100 * (performance.net_gmv::double / nullif(before.net_gmv::double, 0) - 1), 1) as change_pct,
    performance.new_buyers,
    round(100 * performance.share_of_new_buyers, 1) as share_pct,
    performance.spend,
    performance.currency,
    round(performance.partner_cac, 2) as cac,
    round(performance.partner_cac_low, 2) as low,
    round(performance.partner_cac_high, 2) as high,
    round(performance.cac_ratio, 2) as ratio,
    performance.validity,
    performance.flags
from marts.partnership_performance as performance
join latest on latest.platform = performance.platform and latest.date = performance.date
left join
    marts.partnership_performance as before
    on
        before.platform = performance.platform
        and before.partnership_id = performance.partnership_id
        and before.span = performance.span
        and before.date = performance.date - 28
where performance.span = 'trailing_28'
order by performance.platform, performance.net_gmv desc
