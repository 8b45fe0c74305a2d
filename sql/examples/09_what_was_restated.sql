-- Which figures did a company change after it had printed them, and by how much?
-- How to read it: first is what the company said first, latest what counts today; a reprint or a rounded comparative is
-- no restatement, and no figure of the press is one. times_restated above 1: marts.restatement_step has each change.
select
    r.platform, r.metric, r.period_start, r.period_end, r.first_value, r.latest_value, r.unit, round(r.change_pct, 2) as change_pct,
    r.first_published_on, r.restated_on, r.times_restated, d.title as latest_document, d.url
from marts.restatement as r
join core.document as d on d.document_id = r.latest_document_id
order by r.platform, r.metric, r.period_end
