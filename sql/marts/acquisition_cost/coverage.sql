-- What is known of a metric of a platform for a period: the best source, the finest print, that nothing is known, or
-- that a figure is due.
-- Gaps are periods for which the metric is usually printed, from the platform's first figure to its last; due are those
-- after the last figure of a metric that should be out by now, see core.due_latest.
-- grain: platform, metric, scope, unit, period_start, period_end
-- contract: prints
with printed as (
    select
        quantity(
            print.platform, print.metric, print.scope, print.unit, print.period_start, print.period_end
        ) as quantity,
        print.published_on is null as is_undated,
        list_sort(list_distinct(list(print.document_id))) as documents
    from core.observation as print
    where print.derivation is null
    group by all
),
figure as (
    select
        figure.*,
        span_months(figure.period_start, figure.period_end) as months,
        printed.documents
    from core.observation_latest as figure
    left join printed
        on printed.quantity = quantity(
            figure.platform, figure.metric, figure.scope, figure.unit, figure.period_start, figure.period_end
        )
        and printed.is_undated = (figure.published_on is null)
),
due as (
    select due_latest.* from core.due_latest as due_latest
),
report as (
    select
        usual.metric,
        print.platform,
        date_trunc('month', print.period_end - 15)::date as mid_month,
        min(print.document_id) as document_id
    from core.observation as print
    join (
        select distinct
            printed_before.platform,
            printed_before.metric,
            printed_before.source_class
        from core.observation as printed_before
    ) as usual
        on
            usual.platform = print.platform
            and usual.source_class = print.source_class
    where print.class_rank = 1 and print.derivation is null
    group by all
),
seen as (
    select distinct
        figure.platform,
        figure.metric,
        figure.months
    from figure
),
wanted as (
    select
        platform.platform,
        metric.metric,
        metric.unit,
        rule.months,
        platform.fiscal_year_end,
        rule.months = 12 and metric.period_rule not like '%ttm%' as fiscal_only
    from core.platform as platform
    cross join core.metric as metric
    cross join (values (3, '%quarter%'), (12, '%year%'), (12, '%ttm%')) as rule (months, pattern)
    left join seen
        on seen.platform = platform.platform and seen.metric = metric.metric and seen.months = rule.months
    where
        metric.period_rule like rule.pattern
        and metric.period_rule not like '%half%'
        and not (rule.pattern = '%year%' and metric.period_rule like '%ttm%')
        and (
            metric.metric in ('sm_expense', 'annual_active_buyers') and platform.role = 'supply'
            or seen.platform is not null
        )
),
life as (
    select
        figure.platform,
        min(figure.period_end) as first_end,
        max(figure.period_end) as last_end
    from figure
    where figure.period_start is not null
    group by figure.platform
),
calendar as (
    select
        quarter.platform,
        last_day(quarter.month_start)::date as period_end
    from (
        select
            life.platform,
            unnest(
                generate_series(date_trunc('quarter', life.first_end)::date + to_months(2), life.last_end, to_months(3))
            ) as month_start
        from life
    ) as quarter
),
gap as (
    select
        wanted.platform,
        wanted.metric,
        wanted.unit,
        (calendar.period_end + 1 - to_months(wanted.months))::date as period_start,
        calendar.period_end
    from wanted
    join calendar on calendar.platform = wanted.platform
    left join (
        select
            figure.platform,
            figure.metric,
            figure.months,
            figure.period_end
        from figure
        union
        select
            due.platform,
            due.metric,
            due.months,
            due.period_end
        from due
    ) as listed
        on
            listed.platform = wanted.platform
            and listed.metric = wanted.metric
            and listed.months = wanted.months
            and listed.period_end >= calendar.period_end - 15
            and listed.period_end <= calendar.period_end + 15
    where
        (not wanted.fiscal_only or month(calendar.period_end) = fiscal_month(wanted.fiscal_year_end))
        and listed.platform is null
),
covered as (
    select
        figure.platform,
        figure.metric,
        figure.scope,
        figure.unit,
        figure.period_start,
        figure.period_end,
        if(figure.qualifier = 'exact', 'figure', 'bound') as status,
        figure.source_class,
        figure.derivation is not null as is_derived,
        figure.rounding_half_width,
        figure.value,
        figure.document_id,
        figure.documents,
        figure.published_on,
        null as due_on,
        null as report_id
    from figure
    union all
    select
        due.platform,
        due.metric,
        due.scope,
        due.unit,
        due.period_start,
        due.period_end,
        'due',
        null,
        false,
        null,
        null,
        null,
        [],
        null,
        due.due_on,
        report.document_id
    from due
    left join report
        on
            report.platform = due.platform
            and report.metric = due.metric
            and report.mid_month = date_trunc('month', due.period_end - 15)::date
    union all
    select
        gap.platform,
        gap.metric,
        '',
        gap.unit,
        gap.period_start,
        gap.period_end,
        'gap',
        null,
        false,
        null,
        null,
        null,
        [],
        null,
        null,
        null
    from gap
)
select
    covered.platform::varchar as platform,          -- platform slug
    covered.metric::varchar as metric,              -- metric slug
    covered.scope::varchar as scope,                -- perimeter; '' is the whole, and every perimeter for a gap
    covered.unit::varchar as unit,                  -- unit of the figure
    covered.period_start::date as period_start,     -- first day of the period; empty for a point
    covered.period_end::date as period_end,         -- last day of the period
    covered.status::varchar as status,              -- what is known, see core.term
    covered.source_class::varchar as source_class,  -- kind of the document that counts; empty without a figure
    covered.is_derived::boolean as is_derived,      -- whether it follows from printed figures
    covered.value::decimal(28, 6) as value,         -- figure that counts, in unit; empty without a figure
    covered.rounding_half_width::decimal(28, 6) as rounding_half_width,
    -- half a unit of the last digit of the finest print, in unit
    covered.document_id::varchar as document_id,    -- document that counts; empty without a figure
    coalesce(covered.documents, [])::varchar[] as documents,
    -- documents that print the quantity; empty without a figure and for a derived one
    covered.published_on::date as known_on,
    -- first day the figure was public; empty for a gap, a due figure and an undated document
    covered.due_on::date as due_on,
    -- of a due figure: day by which the company should have printed it, by its rhythm so far
    covered.report_id::varchar as report_id
    -- of a due figure: a document here that covers the period, of a kind in which the company printed the metric. It
    -- prints it no longer, or it was not read from it; empty where there is none
from covered
