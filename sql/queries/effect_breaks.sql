-- By platform, the quarters from which $metric of the whole company has another definition.
select
    definition_break.platform,
    list(year(definition_break.from_period_end) * 4 + quarter(definition_break.from_period_end) - 1)
from core.definition_break as definition_break
where definition_break.metric = $metric and definition_break.scope = ''
group by definition_break.platform
