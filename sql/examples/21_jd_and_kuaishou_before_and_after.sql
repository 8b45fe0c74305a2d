-- What did the public figures of JD, Kuaishou and their peers do around JD's direct supply on Kuaishou, live since 16
-- June 2020?
-- How to read it: changes on the year, in percent, each with the interval of the printed digits; validity of the mart
-- says why there is none. one_sided_confounders there names what only one of the two periods had: the first months of
-- 2020 stand in most of them, so no difference here is the deal's alone. The figures of the quarters around are all the
-- figures there are.
select
    near.side,
    near.platform || coalesce('/' || nullif(near.scope, ''), '') as platform,
    replace(near.metric, 'annual_active_buyers', 'buyers') as metric,
    near.period_end,
    round(near.yoy_pct, 1) as pct,
    format('[{:.1f}, {:.1f}]', near.yoy_low_pct, near.yoy_high_pct) as interval
from marts.partnership_window as near
where
    near.partnership_id = 'kuaishou-jd-2020-direct-supply' and near.event = 'effective' and near.period_type <> 'point'
order by near.metric, near.side, near.platform, near.scope, near.period_type, near.period_end
-- Answer: in percent on the year, JD's buyers grew by 24.6 [24.3, 24.8] to 2020-03-31, by 29.9 to 2020-06-30 and by
-- 32.1 [32.0, 32.1] to 2020-09-30; Alibaba's by 11 [10.8, 11.2], 10.1 [9.9, 10.2] and 9.2 [9.1, 9.4].
