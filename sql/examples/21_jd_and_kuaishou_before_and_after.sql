-- What did the public figures of JD, Kuaishou and their peers do around JD's direct supply on Kuaishou, live since 16
-- June 2020?
-- How to read it: changes on the year, each with the interval of the printed digits and its two figures. across means
-- that the period holds days before and after. one_sided names what only one of the two periods had: the first months
-- of 2020 stand in most of them, so no difference here is the deal's alone. The figures of the quarters around are all
-- the figures there are.
select
    near.side,
    near.platform,
    near.metric,
    near.scope,
    near.period_type,
    near.period_end,
    near.quarters_from_event as quarters,
    near.position,
    near.value,
    near.unit,
    round(near.yoy_pct, 1) as yoy_pct,
    round(near.yoy_low_pct, 1) as low,
    round(near.yoy_high_pct, 1) as high,
    near.validity,
    near.one_sided_confounders as one_sided,
    near.other_deals,
    near.observation_id,
    near.document_id,
    near.year_ago_observation_id,
    near.year_ago_document_id
from marts.partnership_window as near
where
    near.partnership_id = 'kuaishou-jd-2020-direct-supply' and near.event = 'effective' and near.period_type <> 'point'
order by near.metric, near.side, near.platform, near.scope, near.period_type, near.period_end
