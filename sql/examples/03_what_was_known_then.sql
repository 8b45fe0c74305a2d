-- What was JD's acquisition cost of 2016 on the day the press printed it, and what is it now?
-- How to read it: JD restated its marketing expense when JD Finance left (filed 2018-04-27). Both numbers are right,
-- each as of its day; known_on is the first day on which the row as shown could have been computed.
select
    '2017-10-17' as as_of,
    trend.fiscal_label,
    round(trend.cac, 2) as cac,
    trend.spend::bigint as spend,
    trend.currency,
    format('[{:.2f}, {:.2f}]', trend.cac_low, trend.cac_high) as interval,
    trend.known_on
from marts.cac_trend_as_of('2017-10-17') as trend
where
    trend.platform = 'jd'
    and trend.scope = ''
    and trend.definition = 'cac_net_12m'
    and trend.period_end = date '2016-12-31'
union all
select
    'today',
    trend.fiscal_label,
    round(trend.cac, 2),
    trend.spend::bigint,
    trend.currency,
    format('[{:.2f}, {:.2f}]', trend.cac_low, trend.cac_high),
    trend.known_on
from marts.cac_trend as trend
where
    trend.platform = 'jd'
    and trend.scope = ''
    and trend.definition = 'cac_net_12m'
    and trend.period_end = date '2016-12-31'
order by as_of
-- Answer: 147.67 CNY [147.46, 147.87] on 2017-10-17, and 141.88 CNY [141.68, 142.08] since 2018-04-27, both by JD's
-- annual reports.
