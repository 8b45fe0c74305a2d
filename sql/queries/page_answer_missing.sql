-- What is missing for a cost, and where it could be had: of each platform the last buyers and the last expense, what is
-- missing before them and after, the reports that are here without it, and the newest window that lacks a figure.
with known as (
    select
        coverage.platform,
        coverage.metric,
        max(coverage.period_end) filter (where coverage.status in ('figure', 'bound')) as last_end,
        count(*) filter (where coverage.status = 'gap') as gaps,
        count(*) filter (where coverage.status = 'due') as due,
        list_distinct(list(coverage.report_id) filter (where coverage.report_id is not null)) as reports
    from marts.coverage as coverage
    where coverage.metric in ('sm_expense', 'annual_active_buyers')
    group by coverage.platform, coverage.metric
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
    where known.due = 0
    group by known.platform, known.metric
),
judged as (
    select
        known.*,
        len(known.reports) as report_count,
        ended.reason,
        ended.document_id,
        case
            when known.last_end is null then 'none'
            when ended.reason is not null then 'ended'
            when known.due = 0 then 'last'
            when len(known.reports) > 0 then 'unread'
            else 'due'
        end as state
    from known
    left join ended on ended.platform = known.platform and ended.metric = known.metric
),
lacking as (
    select
        cost.platform,
        cost.period_start,
        cost.period_end,
        cost.fiscal_label,
        term.meaning,
        report.document_id,
        cost.input_observation_ids
    from marts.cac_trend as cost
    join core.term as term on term.kind = 'validity' and term.term = cost.validity and term.is_missing
    left join steps.company_report as report
        on report.platform = cost.platform and report.period_end = cost.period_end
    where cost.definition = 'cac_net_12m'
    qualify row_number() over (partition by cost.platform order by cost.period_end desc, cost.scope) = 1
)
select
    [
        'buyers_' || coalesce(buyers.state, 'none'),
        'expense_' || coalesce(expense.state, 'none'),
        case
            when lacking.platform is null then 'first'
            when lacking.fiscal_label like '% Q%' then 'quarter'
            else 'year'
        end,
        'where'
    ] as sentence,
    platform.name,
    buyers.last_end as last_buyers,
    buyers.gaps as buyers_gaps,
    buyers.due as buyers_due,
    buyers.report_count as buyers_reports,
    buyers.reason as ended_reason,
    expense.last_end as last_expense,
    expense.gaps as expense_gaps,
    expense.due as expense_due,
    expense.report_count as expense_reports,
    lacking.period_start as window_start,
    lacking.period_end as window_end,
    lacking.meaning as why,
    platform.company,
    platform.listing,
    'https://www.sec.gov/cgi-bin/browse-edgar?action=getcompany&CIK=' || platform.sec_cik as source_url,
    list_filter(
        list_distinct(
            flatten([buyers.reports, expense.reports, [buyers.document_id, lacking.document_id]])
        ),
        lambda id: id is not null
    ) as document_ids
from core.platform as platform
left join judged as buyers on buyers.platform = platform.platform and buyers.metric = 'annual_active_buyers'
left join judged as expense on expense.platform = platform.platform and expense.metric = 'sm_expense'
left join lacking on lacking.platform = platform.platform
where platform.role = 'supply' and (buyers.platform is not null or expense.platform is not null)
order by platform.name
