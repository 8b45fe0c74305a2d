-- Every figure, as printed or derived, with its document, for the details under a number: its period in short, and its
-- unit where that is not printed beside it.
select
    figure.observation_id,
    coalesce(platform.name, figure.platform) as name,
    coalesce(metric.label, figure.metric) as figure,
    figure.scope,
    figure.period_start,
    figure.period_end,
    case
        when figure.period_start is null then figure.period_end::varchar
        when
            figure.period_start = date_trunc('year', figure.period_end)
            and strftime(figure.period_end, '%m-%d') = '12-31'
            then year(figure.period_end)::varchar
        else strftime(figure.period_start, '%Y-%m') || ' – ' || strftime(figure.period_end, '%Y-%m')
    end as period,
    figure.printed_as,
    if(
        coalesce(
            try_cast(replace(figure.printed_as, ',', '') as decimal(28, 6)) = figure.value,
            regexp_full_match(figure.unit, '[A-Z]{3}')
            and not regexp_matches(figure.printed_as, '(?i)rmb|cny|yuan|元|¥|￥|\$|usd|eur|€|人民')
        ),
        figure.unit,
        null
    ) as unit,
    figure.published_on,
    figure.derived_from,
    figure.document_id
from core.observation as figure
left join core.platform as platform on platform.platform = figure.platform
left join core.metric as metric on metric.metric = figure.metric
