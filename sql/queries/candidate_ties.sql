-- What ties the figures of the document $document, and what the ties say of each.
-- Agreement confirms a figure of a draft only where another document takes part and is not five times coarser.
-- Columns: observation_id, verdict, words (of the evidence, what decides first).
with told as (
    select
        tie.*,
        tie.verdict = 'confirmed' and len(tie.evidence_document_ids) > 0
        and tie.evidence_high - tie.evidence_low < 5 * (tie.value_high - tie.value_low)::double as is_proof,
        case
            when tie.rule is null then null
            else concat_ws(
                ' ',
                tie.rule,
                tie.verdict || coalesce(' (' || tie.explanation || ')', '') || ':',
                format('{:,} to {:,} {}', round(tie.evidence_low, 2), round(tie.evidence_high, 2), tie.unit),
                'by ' || array_to_string(tie.evidence_observation_ids, ', '),
                'in ' || coalesce(nullif(array_to_string(tie.evidence_document_ids, ', '), ''), 'this document')
            )
        end as words
    from marts.tie_out as tie
    where tie.document_id = $document
)
select
    told.observation_id,
    case
        when any_value(told.figure_verdict) in ('contradicted', 'explained') then any_value(told.figure_verdict)
        when bool_or(told.is_proof) then 'confirmed'
        else 'alone'
    end as verdict,
    coalesce(
        string_agg(
            told.words, '; ' order by told.verdict = 'contradicted' desc, told.is_proof desc, told.rule, told.tie
        ),
        'no other document and no sum to hold it against'
    ) as words
from told
group by told.observation_id
