-- What does a customer cost at each platform: its newest ranked number, over two years where there is one, else over
-- one, with what a reader must know of it; beside it the newest year, what bounds are known of a later window, and
-- those of the single years in it. Where there is no number, why its newest
-- window over twelve months has none. One sentence for all without a window.
with trend as (
    select
        cost.*,
        definition.months,
        term.is_ranked,
        term.meaning,
        list_contains(cost.flags, 'known_on_bound') as is_bound
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
newest_year as (
    select trend.* from trend
    where trend.is_ranked and trend.months = 12
    qualify row_number() over (partition by trend.platform, trend.scope order by trend.period_end desc) = 1
),
bound as (
    select trend.* from trend
    where trend.cac is null and (trend.cac_low is not null or trend.cac_high is not null)
    qualify
        row_number() over (
            partition by trend.platform, trend.scope, trend.definition order by trend.period_end desc
        ) = 1
),
answer as (
    select
        list_filter(
            [
                if(chosen.cac is null, 'none', 'number'),
                if(context.cautions is null, null, 'cautions'),
                if(newest_year.row_id is null, null, 'year'),
                if(year_context.cautions is null, null, 'year_cautions'),
                case
                    when bound.cac_low is not null and bound.cac_high is not null then 'between'
                    when bound.cac_low is not null then 'at_least'
                    when bound.cac_high is not null then 'at_most'
                end,
                case
                    when context.first_year_start is not null then 'years'
                    when context.second_year_start is not null then 'last_year'
                end,
                if(context.first_year_cac_high < context.second_year_cac_low, 'rose', null),
                if(context.first_year_cac_low > context.second_year_cac_high, 'fell', null)
            ],
            lambda part: part is not null
        ) as sentence,
        platform.name,
        null as platforms,
        chosen.scope,
        chosen.cac,
        chosen.cac_low,
        chosen.cac_high,
        chosen.currency,
        chosen.meaning as why,
        chosen.period_start,
        chosen.period_end,
        chosen.expense_nature,
        chosen.validity,
        chosen.flags,
        context.cautions,
        year_context.cautions as year_cautions,
        chosen.known_on,
        chosen.is_bound as known_on_is_bound,
        newest_year.period_start as year_start,
        newest_year.period_end as year_end,
        newest_year.cac as year_cac,
        newest_year.cac_low as year_cac_low,
        newest_year.cac_high as year_cac_high,
        newest_year.known_on as year_known_on,
        newest_year.is_bound as year_known_on_is_bound,
        bound.period_start as last_start,
        bound.period_end as last_end,
        bound.cac_low as last_low,
        bound.cac_high as last_high,
        bound.known_on as last_known_on,
        bound.is_bound as last_known_on_is_bound,
        context.first_year_start,
        context.first_year_end,
        context.first_year_cac,
        context.first_year_cac_low,
        context.first_year_cac_high,
        context.second_year_start,
        context.second_year_end,
        context.second_year_cac,
        context.second_year_cac_low,
        context.second_year_cac_high,
        list_distinct(
            flatten(
                [
                    chosen.input_observation_ids,
                    newest_year.input_observation_ids,
                    bound.input_observation_ids,
                    context.years_input_observation_ids
                ]
            )
        ) as input_observation_ids
    from chosen
    join core.platform as platform on platform.platform = chosen.platform
    left join newest_year
        on
            newest_year.platform = if(chosen.cac is not null and chosen.months > 12, chosen.platform, null)
            and newest_year.scope = chosen.scope
    left join steps.cac_context as context on context.row_id = chosen.row_id
    left join steps.cac_context as year_context on year_context.row_id = newest_year.row_id
    left join bound
        on
            bound.platform = if(chosen.cac is not null, chosen.platform, null)
            and bound.scope = chosen.scope
            and bound.definition = chosen.definition
            and bound.period_end > chosen.period_end
    where platform.role = 'supply' or chosen.cac is not null
    union all by name
    select
        [if(count(*) > 3, 'never_many', 'never')] as sentence,
        array_to_string(list(platform.name order by platform.name)[:3], ', ') as name,
        count(*) as platforms
    from core.platform as platform
    left join chosen on chosen.platform = platform.platform
    where platform.role = 'supply' and chosen.platform is null
    having count(*) > 0
)
select answer.*
from answer
order by answer.platforms nulls first, answer.cac is null, answer.currency, answer.name, answer.scope
