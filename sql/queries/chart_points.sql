-- The plain cost of a year, and for each of its numbers the scenarios of the same year.
select
    cost.platform || if(cost.scope = '', '', ' · ' || cost.scope) as series,
    cost.period_end,
    cost.cac,
    cost.cac_low,
    cost.cac_high,
    cost.validity,
    coalesce(list(scenario.cac) filter (where scenario.cac is not null), [])
from marts.cac_trend as cost
join core.definition as plain on plain.definition = cost.definition and plain.is_plain and plain.months = 12
left join (
    select
        other.platform,
        other.scope,
        other.period_end,
        other.cac
    from marts.cac_trend as other
    join
        core.definition as other_definition
        on
            other_definition.definition = other.definition
            and other_definition.is_scenario
            and other_definition.months = 12
) as scenario
    on scenario.platform = cost.platform and scenario.scope = cost.scope and scenario.period_end = cost.period_end
where cost.currency = 'CNY' and cost.cac is not null
group by all
order by series, cost.period_end
