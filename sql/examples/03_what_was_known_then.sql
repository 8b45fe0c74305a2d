-- What was JD's acquisition cost of 2016 on the day the press printed it, and what is it now?
-- How to read it: JD restated its marketing expense when JD Finance left (filed 2018-04-27). Both numbers are right,
-- each as of its day; known_on is the first day on which the row as shown could have been computed.
select '2017-10-17' as as_of, t.fiscal_label, round(t.cac, 2) as cac, t.spend::bigint as spend, t.currency, t.flags, t.known_on
from marts.cac_trend_as_of(date '2017-10-17') as t
where t.platform = 'jd' and t.scope = '' and t.definition = 'cac_net_12m' and t.period_end = date '2016-12-31'
union all
select 'today', n.fiscal_label, round(n.cac, 2), n.spend::bigint, n.currency, n.flags, n.known_on
from marts.cac_trend as n
where n.platform = 'jd' and n.scope = '' and n.definition = 'cac_net_12m' and n.period_end = date '2016-12-31'
order by as_of
