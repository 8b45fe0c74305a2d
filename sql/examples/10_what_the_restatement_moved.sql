-- Which acquisition costs did a restatement move, from what to what?
-- How to read it: before is the row as it could be computed the day before the new figure was public, after on that
-- day. A row that rests on two restated figures stands once for each (figures = 2); its move is that of both.
select
    effect.restated_on,
    effect.period_end,
    effect.row_id,
    round(effect.cac_before, 2) as before,
    round(effect.cac_after, 2) as after,
    round(effect.change_pct, 1) as pct,
    effect.currency,
    effect.figures_restated as figures
from marts.restatement_effect as effect
where effect.cac_after is not null
order by effect.restated_on, effect.row_id, effect.period_end
-- Answer: JD's cost of the year to 2016-12-31 went from 147.67 to 141.88 CNY (-3.9 %), that of its core business of the
-- year to 2015-12-31 from 120.13 to 112.31 CNY (-6.5 %), both on 2018-04-27.
