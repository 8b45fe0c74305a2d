-- Which acquisition costs did a restatement move, from what to what?
-- How to read it: before is the row as it could be computed the day before the new figure was public, after on that
-- day. A row that rests on two restated figures stands once for each (figures_restated = 2); its move is that of both.
select
    effect.restated_on,
    effect.metric,
    effect.period_end,
    effect.row_id,
    round(effect.cac_before, 2) as before,
    round(effect.cac_after, 2) as after,
    round(effect.change_pct, 1) as change_pct,
    effect.currency,
    effect.figures_restated
from marts.restatement_effect as effect
where effect.cac_after is not null
order by effect.restated_on, effect.row_id, effect.period_end
