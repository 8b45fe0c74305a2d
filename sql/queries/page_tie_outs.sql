-- What the figures were held against, and what came of it: figures by kind of evidence, those without any last.
select
    coalesce(tie.rule, 'alone') as tie_rule,
    coalesce(term.meaning, alone.meaning) as meaning,
    count(distinct tie.observation_id) as figures,
    count(distinct tie.observation_id) filter (where tie.verdict = 'confirmed') as confirmed,
    count(distinct tie.observation_id) filter (where tie.verdict = 'contradicted' and tie.explanation is not null)
        as explained,
    count(distinct tie.observation_id) filter (where tie.verdict = 'contradicted' and tie.explanation is null)
        as unexplained
from marts.tie_out as tie
left join core.term as term on term.kind = 'tie_rule' and term.term = tie.rule
left join core.term as alone on alone.kind = 'tie_verdict' and alone.term = if(tie.rule is null, tie.verdict, null)
group by tie.rule, term.meaning, alone.meaning
order by tie.rule is null, figures desc, tie.rule
