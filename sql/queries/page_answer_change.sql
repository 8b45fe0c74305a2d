-- How has the cost changed: the first and the newest ranked window between which nothing changed in what is counted as
-- a buyer, over two years where there are two such, else over one, each with what a reader must know of it; then what
-- is known last of a later window, the bounds of the single years in it, and the last window before such a change.
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
ranked as (
    select
        trend.*,
        count(*) over (
            partition by trend.platform, trend.scope, trend.definition, trend.counted_from
        ) > 1 as has_others
    from trend
    where trend.is_ranked
),
newest as (
    select ranked.* from ranked
    qualify
        row_number() over (
            partition by ranked.platform, ranked.scope
            order by
                ranked.counted_from desc nulls last,
                ranked.has_others desc,
                ranked.months desc,
                ranked.period_end desc
        ) = 1
),
base as (
    select
        ranked.*,
        newest.row_id as newest_id
    from newest
    join ranked
        on
            ranked.platform = newest.platform
            and ranked.scope = newest.scope
            and ranked.definition = newest.definition
            and ranked.counted_from is not distinct from newest.counted_from
            and ranked.expense_nature is not distinct from newest.expense_nature
            and ranked.consolidation = newest.consolidation
            and ranked.period_end < newest.period_end
    qualify
        row_number() over (
            partition by newest.row_id
            order by
                coalesce(ranked.period_end = newest.index_base, false) desc,
                ranked.fiscal_label like '% Q%',
                ranked.period_end
        ) = 1
),
last as (
    select
        trend.*,
        newest.row_id as newest_id
    from newest
    join trend
        on
            trend.platform = newest.platform
            and trend.scope = newest.scope
            and trend.definition = newest.definition
            and trend.period_end > newest.period_end
    qualify
        row_number() over (
            partition by newest.row_id
            order by trend.cac_low is null and trend.cac_high is null, trend.period_end desc
        ) = 1
),
former as (
    select
        ranked.*,
        newest.row_id as newest_id
    from newest
    join ranked
        on
            ranked.platform = newest.platform
            and ranked.scope = newest.scope
            and ranked.definition = newest.definition
            and ranked.counted_from is distinct from newest.counted_from
    qualify row_number() over (partition by newest.row_id order by ranked.period_end desc) = 1
)
select
    list_filter(
        [
            case
                when base.row_id is null then 'single'
                when newest.cac_index is null or newest.index_base <> base.period_end then 'levels'
                when newest.cac_cagr_pct is null then 'index'
                else 'growth'
            end,
            if(base_context.cautions is null, null, 'base_cautions'),
            if(context.cautions is null, null, 'cautions'),
            case
                when last.cac_low is not null and last.cac_high is not null then 'between'
                when last.cac_low is not null then 'at_least'
                when last.cac_high is not null then 'at_most'
                when last.row_id is not null then 'refused'
            end,
            case
                when context.first_year_start is not null then 'years'
                when context.second_year_start is not null then 'last_year'
            end,
            if(context.first_year_cac_high < context.second_year_cac_low, 'rose', null),
            if(context.first_year_cac_low > context.second_year_cac_high, 'fell', null),
            if(former.row_id is null, null, 'break')
        ],
        lambda part: part is not null
    ) as sentence,
    platform.name,
    newest.scope,
    newest.months,
    newest.currency,
    base.period_start as base_start,
    base.period_end as base_end,
    base.cac as base_cac,
    base.cac_low as base_cac_low,
    base.cac_high as base_cac_high,
    base.known_on as base_known_on,
    base.is_bound as base_known_on_is_bound,
    newest.period_start,
    newest.period_end,
    newest.cac,
    newest.cac_low,
    newest.cac_high,
    newest.known_on,
    newest.is_bound as known_on_is_bound,
    newest.cac_index,
    newest.cac_index_low,
    newest.cac_index_high,
    newest.cac_cagr_pct,
    newest.validity,
    last.period_start as last_start,
    last.period_end as last_end,
    last.cac_low as last_low,
    last.cac_high as last_high,
    last.known_on as last_known_on,
    last.is_bound as last_known_on_is_bound,
    last.meaning as why,
    base_context.cautions as base_cautions,
    context.cautions,
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
    former.period_start as former_start,
    former.period_end as former_end,
    former.cac as former_cac,
    former.cac_low as former_cac_low,
    former.cac_high as former_cac_high,
    change.from_period_end as counted_from,
    change.reason as break_reason,
    change.document_id,
    list_distinct(
        flatten(
            [
                base.input_observation_ids,
                newest.input_observation_ids,
                if(last.cac_low is null and last.cac_high is null, [], last.input_observation_ids),
                context.years_input_observation_ids,
                former.input_observation_ids
            ]
        )
    ) as input_observation_ids
from newest
join core.platform as platform on platform.platform = newest.platform
left join base on base.newest_id = newest.row_id
left join last on last.newest_id = newest.row_id
left join former on former.newest_id = newest.row_id
left join steps.cac_context as context on context.row_id = newest.row_id
left join steps.cac_context as base_context on base_context.row_id = base.row_id
left join core.definition_break as change
    on
        change.platform = if(former.row_id is not null, newest.platform, null)
        and change.metric = 'annual_active_buyers'
        and change.scope = newest.scope
        and change.from_period_end = newest.counted_from
order by newest.currency, platform.name, newest.scope
