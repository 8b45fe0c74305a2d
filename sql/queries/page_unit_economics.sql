-- What the expense is beside what a buyer brings: of each year the expense per buyer, the months in which the gross
-- profit of an average buyer pays back the cost of a new one, and three years of that profit over the cost. Only
-- platforms with gross profit of any year, and years in which a cost has no meaning.
select
    platform.name,
    payback.scope,
    payback.period_start,
    payback.period_end,
    per_buyer.value as sm_per_buyer,
    per_buyer.low as sm_per_buyer_low,
    per_buyer.high as sm_per_buyer_high,
    per_buyer.unit,
    payback.value as payback_months,
    payback.low as payback_months_low,
    payback.high as payback_months_high,
    three_years.value as ltv_cac_proxy,
    three_years.low as ltv_cac_proxy_low,
    three_years.high as ltv_cac_proxy_high,
    payback.validity,
    if(payback.value is null, term.meaning, null) as why,
    term.is_ranked,
    term.is_missing,
    payback.flags,
    payback.known_on,
    payback.input_observation_ids
from marts.unit_economics as payback
join marts.unit_economics as three_years
    on
        three_years.metric = 'ltv_cac_proxy_3y'
        and three_years.platform = payback.platform
        and three_years.scope = payback.scope
        and three_years.period_start = payback.period_start
        and three_years.period_end = payback.period_end
join marts.unit_economics as per_buyer
    on
        per_buyer.metric = 'sm_per_buyer'
        and per_buyer.platform = payback.platform
        and per_buyer.scope = payback.scope
        and per_buyer.period_start = payback.period_start
        and per_buyer.period_end = payback.period_end
join core.platform as platform on platform.platform = payback.platform
join core.term as term on term.kind = 'validity' and term.term = payback.validity
where
    payback.metric = 'payback_months'
    and coalesce(payback.value, payback.low, payback.high, per_buyer.value, per_buyer.low, per_buyer.high) is not null
qualify
    not term.is_missing
    or count(coalesce(payback.value, payback.low, payback.high))
        over (partition by payback.platform, payback.scope)
    > 0
order by per_buyer.unit, payback.platform, payback.scope, payback.period_end
