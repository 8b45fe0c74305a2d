-- What did the public figures of JD, Kuaishou and their peers do around JD's direct supply on Kuaishou, live since 16 June 2020?
-- How to read it: changes on the year, each with the interval of the printed digits and its two figures. across means that the
-- period holds days before and after. one_sided names what only one of the two periods had: the first months of 2020 stand in most
-- of them, so no difference here is the deal's alone. The figures of the quarters around are all the figures there are.
select
    w.side, w.platform, w.metric, w.scope, w.period_type, w.period_end, w.quarters_from_event as q, w.position, w.value, w.unit,
    round(w.yoy_pct, 1) as yoy_pct, round(w.yoy_low_pct, 1) as low, round(w.yoy_high_pct, 1) as high, w.validity,
    w.one_sided_confounders as one_sided, w.other_deals, w.observation_id, w.document_id, w.year_ago_observation_id, w.year_ago_document_id
from marts.partnership_window as w
where w.partnership_id = 'kuaishou-jd-2020-direct-supply' and w.event = 'effective' and w.period_type <> 'point'
order by w.metric, w.side, w.platform, w.scope, w.period_type, w.period_end
