-- How has the cost changed: its newest ranked number against the first one of the same series.
with numbered as (
    select
        trend.*,
        definition.words,
        row_number() over (
            partition by trend.platform, trend.scope order by definition.months desc, trend.period_end desc
        ) as place
    from marts.cac_trend as trend
    join core.definition as definition on definition.definition = trend.definition
    where trend.definition in ('cac_net_12m', 'cac_pooled_2y') and trend.cac_index is not null
)
select
    case
        when numbered.index_base = numbered.period_end then 'single'
        when numbered.cac_cagr_pct is null then 'short'
        else 'compared'
    end as sentence,
    platform.name,
    numbered.scope,
    numbered.words,
    numbered.index_base,
    numbered.period_end,
    numbered.cac_index,
    numbered.cac_index_low,
    numbered.cac_index_high,
    numbered.cac_cagr_pct,
    numbered.validity,
    numbered.input_observation_ids,
    numbered.compared_known_on
from numbered
join core.platform as platform on platform.platform = numbered.platform
where numbered.place = 1
order by numbered.currency, numbered.platform, numbered.scope
