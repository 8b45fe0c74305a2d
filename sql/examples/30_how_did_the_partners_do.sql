-- A growth team's morning, 1 of 5: how did each partnership do in the last 28 days, and against the 28 days before?
-- How to read it: spend / new buyers is partner_cac, and the truth lies in the interval with 95 % confidence;
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
    performance.partnership_id as deal,
    performance.net_gmv::bigint as net_gmv,
    round(100 * (performance.net_gmv::double / nullif(before.net_gmv::double, 0) - 1), 1) as change,
    performance.new_buyers as buyers,
    performance.spend::bigint as spend,
    round(performance.partner_cac, 2) as cac,
    format('[{:.2f}, {:.2f}]', performance.partner_cac_low, performance.partner_cac_high) as interval,
    performance.currency as unit,
    round(performance.cac_ratio, 2) as ratio,
    len(performance.flags) as flags
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
-- Answer: of the demo's partners of sim_bazaar sim_video_bazaar_link is the cheapest, with 20.41 USD a new buyer
-- [17.44, 24.05]; its interval overlaps that of sim_social_bazaar_store, 25.27 USD [20.51, 31.50].
