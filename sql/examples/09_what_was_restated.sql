-- Which figures did a company change after it had printed them, and by how much?
-- How to read it: first is what the company said first, latest what counts today; a reprint or a rounded comparative is
-- no restatement, and no figure of the press is one. times_restated above 1: marts.restatement_step has each change.
select
    restatement.platform,
    restatement.metric,
    restatement.period_start,
    restatement.period_end,
    restatement.first_value,
    restatement.latest_value,
    restatement.unit,
    round(restatement.change_pct, 2) as change_pct,
    restatement.first_published_on,
    restatement.restated_on,
    restatement.times_restated,
    document.title as latest_document,
    document.url
from marts.restatement as restatement
join core.document as document on document.document_id = restatement.latest_document_id
order by restatement.platform, restatement.metric, restatement.period_end
