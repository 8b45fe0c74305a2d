-- What a platform's spend buys beyond acquisition cost: one row a metric and window, each with its interval or why
-- there is none.
-- payback_months and ltv_cac_proxy_* are proxies: gross profit of the whole company per buyer stands for a buyer's
-- margin.
-- grain: platform, scope, metric, period_start, period_end
with intensity as (
    select
        spending.platform,
        '' as scope,
        'sm_intensity' as metric,
        spending.period_start,
        spending.period_end,
        ratio(spending.spend, income.value) as value,
        spending.spend_low::double / income.value_high::double as low,
        spending.spend_high::double / income.value_low::double as high,
        'ratio' as unit,
        case
            when income.value is null then 'missing_revenue'
            when one_of(spending.consolidation, income.consolidation) = 'mixed' then 'consolidation_mismatch'
            when income.value <= 0 or income.value_low <= 0 then 'revenue_not_positive'
            when not (spending.is_exact and income.is_exact) then 'bounds_only'
        end as obstacle,
        list_concat(spending.flags, coalesce(income.flags, [])
        ) as flags,
        list_concat(spending.input_observation_ids, coalesce(income.input_observation_ids, [])) as inputs,
        known_on(spending.known_on, day_if(income.value is not null, income.known_on)) as known_on,
        spending.covered_on
    from steps.spend_window as spending
    left join steps.income_window as income
        on
            income.metric = 'revenue'
            and income.platform = spending.platform
            and income.period_start = spending.period_start
            and income.period_end = spending.period_end
    where spending.months <= 12
),
yearly as (
    select
        acquired.*,
        income.value as gross_profit,
        income.value_low as gross_profit_low,
        income.value_high as gross_profit_high,
        income.is_exact as gross_profit_is_exact,
        income.consolidation as gross_profit_consolidation,
        income.flags as gross_profit_flags,
        income.input_observation_ids as gross_profit_inputs,
        income.known_on as gross_profit_known_on,
        acquired.buyers_end - acquired.buyers_start as adds,
        (acquired.buyers_end_low - acquired.buyers_start_high)::double as adds_low,
        (acquired.buyers_end_high - acquired.buyers_start_low)::double as adds_high,
        (acquired.buyers_end + acquired.buyers_start)::double / 2 as mean,
        (acquired.buyers_end_low + acquired.buyers_start_high)::double / 2 as mean_at_low,
        (acquired.buyers_end_high + acquired.buyers_start_low)::double / 2 as mean_at_high
    from steps.acquisition_window as acquired
    left join steps.income_window as income
        on
            income.metric = 'gross_profit'
            and income.platform = acquired.platform
            and income.period_start = acquired.period_start
            and income.period_end = acquired.period_end
    where acquired.months = 12
),
proxy as (
    select
        yearly.*,
        payoff.metric,
        payoff.unit,
        payoff.years,
        12
        * yearly.spend::double
        * yearly.mean
        / nullif(yearly.adds::double * yearly.gross_profit::double, 0) as months_back,
        12
        * yearly.spend_low::double
        * yearly.mean_at_high
        / (nullif(greatest(yearly.adds_high, 0), 0) * nullif(greatest(yearly.gross_profit_high::double, 0), 0))
            as least,
        12
        * yearly.spend_high::double
        * yearly.mean_at_low
        / (nullif(greatest(yearly.adds_low, 0), 0) * nullif(greatest(yearly.gross_profit_low::double, 0), 0)) as most,
        coalesce(yearly.obstacle, case
            when yearly.adds < 0 then 'net_loss_of_buyers'
            when yearly.adds_low <= 0 then 'net_adds_within_rounding'
            when yearly.gross_profit is null then 'missing_gross_profit'
            when one_of(yearly.gross_profit_consolidation, yearly.consolidation) = 'mixed' then 'consolidation_mismatch'
            when yearly.gross_profit <= 0 then 'margin_not_positive'
            when yearly.gross_profit_low <= 0 then 'margin_within_rounding'
            when not yearly.gross_profit_is_exact then 'bounds_only'
        end) as refusal
    from yearly
    cross join
        (
            values ('payback_months', 'months', null),
            ('ltv_cac_proxy_2y', 'ratio', 2),
            ('ltv_cac_proxy_3y', 'ratio', 3),
            ('ltv_cac_proxy_5y', 'ratio', 5)
        ) as payoff (metric, unit, years)
),
measure as (
    select intensity.* from intensity
    union all
    select
        yearly.platform,
        yearly.scope,
        'sm_per_buyer',
        yearly.period_start,
        yearly.period_end,
        ratio(yearly.spend, yearly.mean),
        2 * yearly.spend_low::double / (yearly.buyers_end_high + yearly.buyers_start_high)::double,
        2 * yearly.spend_high::double / (yearly.buyers_end_low + yearly.buyers_start_low)::double,
        yearly.currency || '_per_person',
        yearly.obstacle,
        yearly.flags,
        yearly.input_observation_ids,
        yearly.known_on,
        yearly.covered_on
    from yearly
    union all
    select
        proxy.platform,
        proxy.scope,
        proxy.metric,
        proxy.period_start,
        proxy.period_end,
        if(proxy.years is null, proxy.months_back, 12 * proxy.years / proxy.months_back),
        if(proxy.years is null, proxy.least, 12 * proxy.years / proxy.most),
        if(proxy.years is null, proxy.most, 12 * proxy.years / proxy.least),
        proxy.unit,
        proxy.refusal,
        list_concat(proxy.flags, coalesce(proxy.gross_profit_flags, []), ['proxy']),
        list_concat(proxy.input_observation_ids, coalesce(proxy.gross_profit_inputs, [])),
        known_on(proxy.known_on, day_if(proxy.gross_profit is not null, proxy.gross_profit_known_on)),
        proxy.covered_on
    from proxy
    union all
    select
        buyer_spend.platform,
        buyer_spend.scope,
        buyer_spend.metric,
        buyer_spend.period_start,
        buyer_spend.period_end,
        buyer_spend.value,
        buyer_spend.low,
        buyer_spend.high,
        buyer_spend.unit,
        buyer_spend.obstacle,
        buyer_spend.flags,
        buyer_spend.input_observation_ids,
        buyer_spend.known_on,
        buyer_spend.covered_on
    from steps.buyer_spend as buyer_spend
),
judged as (
    select
        measure.*,
        term.has_bounds,
        term.is_missing and measure.covered_on is not null as is_not_transcribed,
        greatest(1 - measure.value / measure.high, 1 - measure.low / measure.value) as rounding
    from measure
    left join core.term as term on term.kind = 'validity' and term.term = coalesce(measure.obstacle, 'ok')
)
select
    row_id(judged.platform, judged.scope, judged.metric, judged.period_start, judged.period_end)::varchar as row_id,
    -- identifier of the row
    judged.platform::varchar as platform,                      -- platform slug
    judged.scope::varchar as scope,                            -- perimeter of the buyer count; '' is the whole
    judged.metric::varchar as metric,
    -- sm_intensity, sm_per_buyer, spend_per_buyer, spend_per_buyer_recomputed, payback_months, ltv_cac_proxy_2y, _3y or
    -- _5y
    judged.period_start::date as period_start,                 -- first day of the window
    judged.period_end::date as period_end,                     -- last day of the window
    if(judged.obstacle is null, judged.value, null)::double as value,
    -- in unit; empty where validity is a null reason; never capped
    if(judged.has_bounds, judged.low, null)::double as low,    -- least the prints allow
    if(judged.has_bounds, judged.high, null)::double as high,  -- greatest the prints allow; empty when unbounded
    judged.unit::varchar as unit,  -- ratio, months, or currency per person, such as CNY_per_person
    coalesce(
        judged.obstacle, rounding_grade(judged.rounding, 1)
    )::varchar as validity,                                    -- whether there is a number, or why not, see core.term
    all_flags(judged.flags, if(judged.is_not_transcribed, ['not_transcribed'], []))::varchar[] as flags,
    -- what a reader must know; proxy: no measurement of what its name says
    judged.inputs::varchar[] as input_observation_ids,         -- figures it is computed from
    judged.known_on::date as known_on
    -- first day on which the row could have been computed; empty with an undated input
from judged
