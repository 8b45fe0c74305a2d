-- Which figures did a company change after it had printed them, and by how much?
-- How to read it: first is what the company said first, latest what counts today; a reprint or a rounded comparative is
-- no restatement, and no figure of the press is one. core.document has title and address of document_id; where
-- times_restated of the mart is above 1, marts.restatement_step has each change.
select
    restatement.platform,
    restatement.metric,
    restatement.period_end,
    restatement.first_value::bigint as first,
    restatement.latest_value::bigint as latest,
    restatement.unit,
    round(restatement.change_pct, 2) as pct,
    restatement.restated_on,
    restatement.latest_document_id as document_id
from marts.restatement as restatement
order by restatement.platform, restatement.metric, restatement.period_end
-- Answer: JD changed its sales and marketing expense of the year to 2016-12-31 from 10,573,024,000 to 10,158,686,000
-- CNY (-3.92 %) on 2018-04-27, by the document in the row.
