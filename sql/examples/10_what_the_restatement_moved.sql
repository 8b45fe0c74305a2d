-- Which acquisition costs did a restatement move, from what to what?
-- How to read it: before is the row as it could be computed the day before the new figure was public, after on that day.
-- A row that rests on two restated figures stands once for each (figures_restated = 2); its move is that of both.
select
    e.restated_on, e.metric, e.period_end, e.row_id, round(e.cac_before, 2) as before, round(e.cac_after, 2) as after,
    round(e.change_pct, 1) as change_pct, e.currency, e.figures_restated
from marts.restatement_effect as e
where e.cac_after is not null
order by e.restated_on, e.row_id, e.period_end
