-- What does a customer cost at each platform: its newest ranked number, over two years where there is one, else over
-- one; where there is none, why its newest window over twelve months has none. One sentence for all without a window.
with trend as (
    select
        cost.*,
        definition.words,
        definition.months,
        term.is_ranked,
        term.meaning
    from marts.cac_trend as cost
    join core.definition as definition on definition.definition = cost.definition
    join core.term as term on term.kind = 'validity' and term.term = cost.validity
    where cost.definition in ('cac_net_12m', 'cac_pooled_2y')
),
chosen as (
    select trend.*
    from trend
    left join (
        select distinct ranked.platform from trend as ranked
        where ranked.is_ranked
    ) as with_number on with_number.platform = trend.platform
    where trend.is_ranked or with_number.platform is null and trend.months = 12
    qualify
        row_number() over (
            partition by trend.platform, if(trend.is_ranked, trend.scope, null)
            order by trend.months desc, trend.period_end desc, trend.scope
        ) = 1
),
answer as (
    select
        case
            when chosen.cac is null then 'none'
            when chosen.known_on is null then 'undated'
            else 'dated'
        end as sentence,
        platform.name,
        null as platforms,
        chosen.scope,
        chosen.cac,
        chosen.cac_low,
        chosen.cac_high,
        chosen.currency,
        if(chosen.cac is null, chosen.meaning, chosen.words) as words,
        chosen.period_start,
        chosen.period_end,
        chosen.expense_nature,
        chosen.validity,
        chosen.flags,
        chosen.input_observation_ids,
        chosen.known_on
    from chosen
    join core.platform as platform on platform.platform = chosen.platform
    where platform.role = 'supply' or chosen.cac is not null
    union all
    select
        if(count(*) > 3, 'never_many', 'never'),
        array_to_string(list(platform.name order by platform.name)[:3], ', '),
        count(*),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        [],
        [],
        null
    from core.platform as platform
    left join chosen on chosen.platform = platform.platform
    where platform.role = 'supply' and chosen.platform is null
    having count(*) > 0
)
select answer.*
from answer
order by answer.platforms nulls first, answer.cac is null, answer.currency, answer.name, answer.scope
