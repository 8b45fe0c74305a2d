-- What is missing for a cost, and where it could be had: of each platform the last buyers with their perimeter and the
-- last expense, the quarters and years that are missing before them and after, and the reports that are here without
-- them; then, of each perimeter that has a cost, or of each where none has, the newest twelve months that lack one
-- figure only and with it would have a number.
with known as (
    select
        coverage.platform,
        coverage.metric,
        max(coverage.period_end) filter (where coverage.status in ('figure', 'bound')) as last_end,
        max(coverage.period_end) filter (where coverage.status = 'figure') as last_figure,
        count(distinct coverage.period_end) filter (where coverage.status = 'gap' and not coverage.is_year) as gaps,
        count(distinct coverage.period_end) filter (where coverage.status = 'gap' and coverage.is_year) as year_gaps,
        count(distinct coverage.period_end) filter (where coverage.status = 'due' and not coverage.is_year) as due,
        count(distinct coverage.period_end) filter (where coverage.status = 'due' and coverage.is_year) as years_due,
        list_distinct(list(coverage.report_id) filter (where coverage.report_id is not null)) as reports
    from (
        select
            covered.*,
            covered.metric = 'sm_expense' and covered.period_end - covered.period_start > 300 as is_year
        from marts.coverage as covered
        where covered.metric in ('sm_expense', 'annual_active_buyers')
    ) as coverage
    group by coverage.platform, coverage.metric
),
last_scope as (
    select
        known.platform,
        known.metric,
        list_sort(list(coverage.scope) filter (where coverage.scope <> '')) as scopes
    from known
    join marts.coverage as coverage
        on
            coverage.platform = known.platform
            and coverage.metric = known.metric
            and coverage.period_end = known.last_end
            and coverage.status in ('figure', 'bound')
    group by known.platform, known.metric
),
ended as (
    select
        known.platform,
        known.metric,
        any_value(discontinued.reason) as reason,
        any_value(discontinued.document_id) as document_id
    from known
    join core.discontinued as discontinued
        on
            discontinued.platform = known.platform
            and discontinued.metric in (known.metric, '*')
            and discontinued.scope in ('', '*')
            and discontinued.last_period_end >= known.last_end
    where known.due + known.years_due = 0
    group by known.platform, known.metric
),
judged as (
    select
        known.*,
        len(known.reports) as report_count,
        last_scope.scopes,
        ended.reason,
        ended.document_id,
        case
            when known.last_end is null then 'none'
            when ended.reason is not null then 'ended'
            when known.due + known.years_due = 0 then 'last'
            when len(known.reports) > 0 then 'unread'
            else 'due'
        end as state
    from known
    left join ended on ended.platform = known.platform and ended.metric = known.metric
    left join last_scope on last_scope.platform = known.platform and last_scope.metric = known.metric
),
with_cost as (
    select distinct
        cost.platform,
        cost.scope
    from marts.cac_trend as cost
    join core.term as term on term.kind = 'validity' and term.term = cost.validity and term.is_ranked
    where cost.definition in ('cac_net_12m', 'cac_pooled_2y')
),
lacking as (
    select
        acquired.*,
        term.meaning,
        report.document_id
    from steps.acquisition_window as acquired
    join core.term as term on term.kind = 'validity' and term.term = acquired.obstacle and term.is_missing
    left join (
        select
            with_cost.platform,
            list(with_cost.scope) as scopes
        from with_cost
        group by with_cost.platform
    ) as chosen on chosen.platform = acquired.platform
    left join steps.company_report as report
        on report.platform = acquired.platform and report.period_end = acquired.period_end
    where
        acquired.months = 12
        and not list_contains(acquired.flags, 'approx_input')
        and coalesce(list_contains(chosen.scopes, acquired.scope), true)
        and if(
            acquired.spend is null,
            acquired.buyers_end_low > acquired.buyers_start_high,
            (acquired.buyers_start is null) <> (acquired.buyers_end is null)
        )
    qualify
        row_number() over (partition by acquired.platform, acquired.scope order by acquired.period_end desc) = 1
),
answer as (
    select
        list_filter(
            [
                'buyers_' || coalesce(buyers.state, 'none'),
                if(buyers.last_end > buyers.last_figure, 'buyers_bound', null),
                'expense_' || coalesce(expense.state, 'none'),
                if(lacking.platform is null, 'first', null),
                'where'
            ],
            lambda part: part is not null
        ) as sentence,
        platform.name,
        null as scope,
        buyers.last_end as last_buyers,
        buyers.scopes as buyers_scopes,
        buyers.last_figure as last_exact_buyers,
        buyers.gaps as buyers_gaps,
        buyers.due as buyers_due,
        buyers.report_count as buyers_reports,
        buyers.reason as ended_reason,
        expense.last_end as last_expense,
        expense.gaps as expense_gaps,
        expense.year_gaps as expense_year_gaps,
        expense.due as expense_due,
        expense.years_due as expense_years_due,
        expense.report_count as expense_reports,
        null::date as window_start,
        null::date as window_end,
        null as why,
        platform.company,
        platform.listing,
        'https://www.sec.gov/cgi-bin/browse-edgar?action=getcompany&CIK=' || platform.sec_cik as source_url,
        []::varchar[] as input_observation_ids,
        list_filter(
            list_distinct(flatten([buyers.reports, expense.reports, [buyers.document_id]])),
            lambda id: id is not null
        ) as document_ids
    from core.platform as platform
    left join judged as buyers on buyers.platform = platform.platform and buyers.metric = 'annual_active_buyers'
    left join judged as expense on expense.platform = platform.platform and expense.metric = 'sm_expense'
    left join (
        select distinct one.platform from lacking as one
    ) as lacking on lacking.platform = platform.platform
    where platform.role = 'supply' and (buyers.platform is not null or expense.platform is not null)
    union all by name
    select
        [if(month((lacking.period_end - 15)::date) = fiscal_month(platform.fiscal_year_end), 'year', 'quarter')]
            as sentence,
        platform.name,
        lacking.scope,
        lacking.period_start as window_start,
        lacking.period_end as window_end,
        lacking.meaning as why,
        lacking.input_observation_ids,
        if(lacking.document_id is null, [], [lacking.document_id]) as document_ids
    from lacking
    join core.platform as platform on platform.platform = lacking.platform
    where platform.role = 'supply'
)
select answer.*
from answer
order by answer.name, answer.scope nulls first
