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
caution as (
    select
        flagged.row_id,
        string_agg(split_part(term.meaning, ';', 1), '; ' order by term.term) as cautions
    from (
        select
            trend.row_id,
            unnest(trend.flags) as flag
        from trend
        where trend.is_ranked
    ) as flagged
    join core.term as term on term.kind = 'flag' and term.term = flagged.flag
    where flagged.flag not in ('known_on_bound', 'undated_input')
    group by flagged.row_id
),
later_year as (
    select
        trend.*,
        chosen.row_id as chosen_id,
        row_number() over (partition by chosen.row_id order by trend.period_end desc) as place
    from chosen
    join trend
        on
            trend.platform = chosen.platform
            and trend.scope = chosen.scope
            and trend.period_end > chosen.period_end
    where
        chosen.is_ranked
        and chosen.months > 12
        and trend.months = 12
        and trend.fiscal_label not like '% Q%'
        and (trend.cac_low is not null or trend.cac_high is not null)
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
                if(caution.row_id is null, null, 'cautions'),
                if(newest_year.row_id is null, null, 'year'),
                if(year_caution.row_id is null, null, 'year_cautions'),
                case
                    when bound.cac_low is not null and bound.cac_high is not null then 'between'
                    when bound.cac_low is not null then 'at_least'
                    when bound.cac_high is not null then 'at_most'
                end,
                case
                    when first_year.row_id is not null then 'years'
                    when second_year.row_id is not null then 'last_year'
                end,
                if(first_year.cac_high < second_year.cac_low, 'rose', null),
                if(first_year.cac_low > second_year.cac_high, 'fell', null)
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
        caution.cautions,
        year_caution.cautions as year_cautions,
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
        first_year.period_start as first_year_start,
        first_year.period_end as first_year_end,
        first_year.cac as first_year_cac,
        first_year.cac_low as first_year_cac_low,
        first_year.cac_high as first_year_cac_high,
        second_year.period_start as second_year_start,
        second_year.period_end as second_year_end,
        second_year.cac as second_year_cac,
        second_year.cac_low as second_year_cac_low,
        second_year.cac_high as second_year_cac_high,
        list_distinct(
            flatten(
                [
                    chosen.input_observation_ids,
                    newest_year.input_observation_ids,
                    bound.input_observation_ids,
                    first_year.input_observation_ids,
                    second_year.input_observation_ids
                ]
            )
        ) as input_observation_ids
    from chosen
    join core.platform as platform on platform.platform = chosen.platform
    left join newest_year
        on
            newest_year.platform = chosen.platform
            and newest_year.scope = chosen.scope
            and chosen.cac is not null
            and chosen.months > 12
    left join caution on caution.row_id = chosen.row_id
    left join caution as year_caution on year_caution.row_id = newest_year.row_id
    left join later_year as first_year on first_year.chosen_id = chosen.row_id and first_year.place = 2
    left join later_year as second_year on second_year.chosen_id = chosen.row_id and second_year.place = 1
    left join bound
        on
            bound.platform = chosen.platform
            and bound.scope = chosen.scope
            and bound.definition = chosen.definition
            and bound.period_end > chosen.period_end
            and chosen.cac is not null
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
