-- What a platform's spend buys beyond acquisition cost: one row a metric and window, each with its interval or why there is none.
-- payback_months and ltv_cac_proxy_* are proxies: gross profit of the whole company per buyer stands for a buyer's margin.
-- grain: platform, scope, metric, period_start, period_end
with intensity as (
    select
        s.platform, '' as scope, 'sm_intensity' as metric, s.period_start, s.period_end, s.spend::double / nullif(i.value::double, 0) as value,
        s.spend_low::double / i.value_high::double as low, s.spend_high::double / i.value_low::double as high, 'ratio' as unit,
        case when i.value is null then 'missing_revenue' when i.value <= 0 or i.value_low <= 0 then 'revenue_not_positive'
            when not (s.is_exact and i.is_exact) then 'bounds_only' end as obstacle, list_concat(s.flags, coalesce(i.flags, [])) as flags,
        list_concat(s.input_observation_ids, coalesce(i.input_observation_ids, [])) as inputs,
        if(s.known_on is null or i.value is not null and i.known_on is null, null, greatest(s.known_on, i.known_on)) as known_on
    from steps.spend_window as s
    left join steps.income_window as i
        on i.metric = 'revenue' and i.platform = s.platform and i.period_start = s.period_start and i.period_end = s.period_end
    where s.months <= 12
),
yearly as (
    select
        w.*, i.value as gp, i.value_low as gp_low, i.value_high as gp_high, i.is_exact as gp_is_exact, i.flags as gp_flags, i.input_observation_ids as gp_inputs, i.known_on as gp_known_on,
        w.buyers_end - w.buyers_start as adds,
        (w.buyers_end_low - w.buyers_start_high)::double as adds_low, (w.buyers_end_high - w.buyers_start_low)::double as adds_high,
        (w.buyers_end + w.buyers_start)::double / 2 as mean, (w.buyers_end_low + w.buyers_start_high)::double / 2 as mean_at_low, (w.buyers_end_high + w.buyers_start_low)::double / 2 as mean_at_high
    from steps.acquisition_window as w
    left join steps.income_window as i
        on i.metric = 'gross_profit' and i.platform = w.platform and i.period_start = w.period_start and i.period_end = w.period_end
    where w.months = 12
),
proxy as (
    select
        y.*, m.metric, m.unit, m.years, 12 * y.spend::double * y.mean / nullif(y.adds::double * y.gp::double, 0) as months_back,
        12 * y.spend_low::double * y.mean_at_high / (nullif(greatest(y.adds_high, 0), 0) * nullif(greatest(y.gp_high::double, 0), 0)) as least,
        12 * y.spend_high::double * y.mean_at_low / (nullif(greatest(y.adds_low, 0), 0) * nullif(greatest(y.gp_low::double, 0), 0)) as most,
        coalesce(y.obstacle, case when y.adds < 0 then 'net_loss_of_buyers' when y.adds_low <= 0 then 'net_adds_within_rounding'
            when y.gp is null then 'missing_gross_profit' when y.gp <= 0 then 'margin_not_positive'
            when y.gp_low <= 0 then 'margin_within_rounding' when not y.gp_is_exact then 'bounds_only' end) as refusal
    from yearly as y
    cross join (values ('payback_months', 'months', null), ('ltv_cac_proxy_2y', 'ratio', 2), ('ltv_cac_proxy_3y', 'ratio', 3), ('ltv_cac_proxy_5y', 'ratio', 5)) as m(metric, unit, years)
),
measure as (
    select n.* from intensity as n
    union all
    select
        y.platform, y.scope, 'sm_per_buyer', y.period_start, y.period_end, y.spend::double / nullif(y.mean, 0),
        2 * y.spend_low::double / (y.buyers_end_high + y.buyers_start_high)::double, 2 * y.spend_high::double / (y.buyers_end_low + y.buyers_start_low)::double,
        y.currency || '_per_person', y.obstacle, y.flags, y.input_observation_ids, y.known_on
    from yearly as y
    union all
    select
        p.platform, p.scope, p.metric, p.period_start, p.period_end, if(p.years is null, p.months_back, 12 * p.years / p.months_back),
        if(p.years is null, p.least, 12 * p.years / p.most), if(p.years is null, p.most, 12 * p.years / p.least), p.unit, p.refusal,
        list_concat(p.flags, coalesce(p.gp_flags, []), ['proxy']), list_concat(p.input_observation_ids, coalesce(p.gp_inputs, [])),
        if(p.known_on is null or p.gp is not null and p.gp_known_on is null, null, greatest(p.known_on, p.gp_known_on))
    from proxy as p
    union all
    select v.platform, v.scope, v.metric, v.period_start, v.period_end, v.value, v.low, v.high, v.unit, v.obstacle, v.flags, v.input_observation_ids, v.known_on
    from steps.buyer_spend as v
),
judged as (
    select
        m.*, v.has_bounds, greatest(1 - m.value / m.high, 1 - m.low / m.value) as rounding
    from measure as m
    left join core.term as v on v.kind = 'validity' and v.term = coalesce(m.obstacle, 'ok')
)
select
    concat_ws('/', m.platform, if(m.scope = '', 'whole', m.scope), m.metric, m.period_start, m.period_end)::varchar as row_id, -- identifier of the row
    m.platform::varchar     as platform,     -- platform slug
    m.scope::varchar        as scope,        -- perimeter of the buyer count; '' is the whole
    m.metric::varchar       as metric,       -- sm_intensity, sm_per_buyer, spend_per_buyer, spend_per_buyer_recomputed, payback_months, ltv_cac_proxy_2y, _3y or _5y
    m.period_start::date    as period_start, -- first day of the window
    m.period_end::date      as period_end,   -- last day of the window
    if(m.obstacle is null, m.value, null)::double as value, -- in unit; empty where validity is a null reason; never capped
    if(m.has_bounds, m.low, null)::double as low, -- least the prints allow
    if(m.has_bounds, m.high, null)::double as high, -- greatest the prints allow; empty when unbounded
    m.unit::varchar         as unit,         -- ratio, months, or currency per person, such as CNY_per_person
    coalesce(m.obstacle, if(m.rounding <= 0.05, 'ok', if(m.rounding <= 0.20, 'coarse', 'uninformative')))::varchar as validity, -- whether there is a number, or why not, see core.term
    list_sort(list_distinct(m.flags))::varchar[] as flags, -- what a reader must know; proxy: no measurement of what its name says
    m.inputs::varchar[]     as input_observation_ids, -- figures it is computed from
    m.known_on::date        as known_on      -- first day on which the row could have been computed; empty with an undated input
from judged as m
