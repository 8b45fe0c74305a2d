-- When what a buyer brings has paid back what winning one cost: by month of the first order, channel and deal, the
-- value of a buyer at each age, and the first day on which it reaches the cost.
-- Channel '' and deal '' are the platform, channel '' beside a deal the deal, deal '' beside a channel all of the
-- channel. A row exists only for an age that every buyer of the month has reached, with 30 days more for refunds: two
-- cohorts are compared at an age that both have reached, or not at all. docs/payback.md says what value and cost are.
-- grain: platform, channel, partnership_id, cohort_month, age_days
-- twin: no
-- portable: yes
-- contract: deliveries
with spent as (
    select
        cost.platform,
        cost.channel,
        '' as partnership_id,
        cost.first_day as cohort_month,
        cost.currency,
        cost.new_buyers,
        cost.loaded_spend as spend,
        cost.spend_parts,
        cost.loaded_cac as per_buyer,
        cost.loaded_cac_low as per_buyer_low,
        cost.loaded_cac_high as per_buyer_high,
        case
            when cost.channel = 'unattributed' then 'unattributed'
            when
                cost.loaded_spend is null
                or (cost.marketing_spend is null and list_contains(cost.flags, 'late_spend'))
                then 'missing_spend'
            when cost.new_buyers is null then 'missing_new_buyers'
            when cost.loaded_spend <= 0 then 'no_spend'
            when cost.new_buyers <= 0 then 'no_new_buyers'
            else 'ok'
        end as validity,
        cost.flags,
        cost.is_simulated
    from marts.channel_cost as cost
    where cost.span = 'month'
    union all
    select
        deal.platform,
        '',
        deal.partnership_id,
        cast(date_trunc('month', deal.date) as date),
        deal.currency,
        deal.new_buyers,
        deal.spend,
        deal.spend_parts,
        deal.partner_cac,
        deal.partner_cac_low,
        deal.partner_cac_high,
        deal.validity,
        deal.flags,
        false
    from marts.partnership_performance as deal
    where deal.span = 'month'
),
costed as (
    select
        spent.platform,
        spent.channel,
        spent.partnership_id,
        spent.cohort_month,
        spent.currency,
        spent.new_buyers,
        spent.spend,
        spent.spend_parts,
        spent.validity,
        spent.flags,
        spent.is_simulated,
        case when spent.validity = 'ok' then spent.per_buyer end as cost,
        case when spent.validity in ('ok', 'no_new_buyers') then spent.per_buyer_low end as cost_low,
        case when spent.validity = 'ok' then spent.per_buyer_high end as cost_high
    from spent
),
seen as (
    select
        value.platform,
        max(value.last_on) as last_on
    from steps.buyer_value as value
    group by value.platform
),
named as (
    select
        value.platform,
        value.channel,
        value.partnership_id,
        value.cohort_month,
        max(value.buyers) as buyers,
        max(value.currency) as currency,
        max(value.value_kind) as value_kind,
        max(value.rateless_orders) as rateless,
        bool_or(value.margin_is_partial) as margin_is_partial,
        bool_or(value.is_simulated) as is_simulated
    from steps.buyer_value as value
    group by value.platform, value.channel, value.partnership_id, value.cohort_month
    union all
    select
        costed.platform,
        costed.channel,
        costed.partnership_id,
        costed.cohort_month,
        0,
        costed.currency,
        null,
        0,
        false,
        costed.is_simulated
    from costed
    left join
        steps.buyer_value as value
        on
            value.platform = costed.platform
            and value.channel = costed.channel
            and value.partnership_id = costed.partnership_id
            and value.cohort_month = costed.cohort_month
            and value.age_days = 0
    where
        value.platform is null
        and costed.channel <> 'unattributed'
        and (costed.spend > 0 or (costed.spend is null and list_contains(costed.flags, 'no_rate')))
),
cohort as (
    select
        named.platform,
        named.channel,
        named.partnership_id,
        named.cohort_month,
        named.buyers,
        named.currency,
        named.value_kind,
        named.rateless,
        named.margin_is_partial,
        seen.last_on,
        date_diff('day', last_day(named.cohort_month), seen.last_on) - 30 as reached_days,
        costed.new_buyers,
        costed.spend,
        costed.spend_parts,
        costed.cost,
        costed.cost_low,
        costed.cost_high,
        coalesce(costed.validity, 'missing_spend') as validity,
        costed.flags as cost_flags,
        named.is_simulated or coalesce(costed.is_simulated, false) as is_simulated
    from named
    join seen on seen.platform = named.platform
    left join
        costed
        on
            costed.platform = named.platform
            and costed.channel = named.channel
            and costed.partnership_id = named.partnership_id
            and costed.cohort_month = named.cohort_month
),
curve as (
    select
        value.platform,
        value.channel,
        value.partnership_id,
        value.cohort_month,
        value.age_days,
        value.to_age_days,
        cast(
            case
                when value.value_kind = 'contribution_margin' then value.contribution_margin else value.net_revenue
            end as double
        )
        / nullif(cast(value.buyers as double), 0) as per_buyer
    from steps.buyer_value as value
),
-- Equal is reached; as a quotient of doubles may be off in its last digits, a value short by 1e-12 of the cost is too.
paid as (
    select
        cohort.platform,
        cohort.channel,
        cohort.partnership_id,
        cohort.cohort_month,
        min(case when curve.per_buyer >= cohort.cost * 0.999999999999e0 then curve.age_days end) as payback_day,
        min(case when curve.per_buyer >= cohort.cost_low * 0.999999999999e0 then curve.age_days end) as payback_low,
        min(case when curve.per_buyer >= cohort.cost_high * 0.999999999999e0 then curve.age_days end) as payback_high
    from cohort
    join
        curve
        on
            curve.platform = cohort.platform
            and curve.channel = cohort.channel
            and curve.partnership_id = cohort.partnership_id
            and curve.cohort_month = cohort.cohort_month
    group by cohort.platform, cohort.channel, cohort.partnership_id, cohort.cohort_month
),
aged as (
    select
        cohort.*,
        age.age_days,
        curve.per_buyer,
        paid.payback_day,
        paid.payback_low,
        paid.payback_high,
        case
            when cohort.validity = 'no_new_buyers' and cohort.buyers = 0 then 'no_buyers'
            when cohort.validity <> 'ok' or cohort.buyers = 0 then 'no_cost'
            when paid.payback_day is not null then 'paid_back'
            when cohort.rateless > 0 then 'not_known'
            else 'not_yet'
        end as payback_status
    from cohort
    join core.cohort_age as age on age.age_days <= cohort.reached_days
    left join
        paid
        on
            paid.platform = cohort.platform
            and paid.channel = cohort.channel
            and paid.partnership_id = cohort.partnership_id
            and paid.cohort_month = cohort.cohort_month
    left join
        curve
        on
            curve.platform = cohort.platform
            and curve.channel = cohort.channel
            and curve.partnership_id = cohort.partnership_id
            and curve.cohort_month = cohort.cohort_month
            and age.age_days between curve.age_days and curve.to_age_days
)
select
    aged.platform::varchar as platform,                -- where
    aged.channel::varchar as channel,
    -- channel of the first order; '' is every channel, unattributed what no rule places
    aged.partnership_id::varchar as partnership_id,    -- deal that brought the first order; '' is with or without one
    aged.cohort_month::date as cohort_month,           -- first day of the month of the first order, UTC
    aged.age_days::integer as age_days,                -- days after the day of the first order, see core.cohort_age
    aged.currency::varchar as currency,                -- currency of the amounts
    aged.buyers::bigint as buyers,                     -- persons whose first order it was, from order events
    aged.new_buyers::bigint as new_buyers,             -- the same as the cost counts them, delivered or counted
    aged.spend::decimal(28, 6) as spend,               -- what was spent in the month to win them, in currency
    aged.spend_parts::varchar as spend_parts,          -- what of marketing_spend, subsidies and commission is in it
    aged.cost::double as cost_per_buyer,               -- spend for one of new_buyers, in currency
    aged.cost_low::double as cost_low,                 -- least true cost, 95 %; without new buyers spend / 3.689
    aged.cost_high::double as cost_high,               -- greatest true cost, 95 %; empty without new buyers
    aged.validity::varchar as validity,
    -- of the cost: whether there is a number, or why not, see core.term
    aged.value_kind::varchar as value_kind,            -- what the value is, see core.term; empty without buyers
    aged.per_buyer::double as value_per_buyer,
    -- what one of buyers had brought by this age, in currency; empty without buyers, and where an order has no rate
    (aged.per_buyer / nullif(aged.cost, 0))::double as value_per_cost,  -- value_per_buyer for one of cost_per_buyer
    (aged.per_buyer / nullif(aged.cost_high, 0))::double as value_per_cost_low,  -- least, 95 %
    (aged.per_buyer / nullif(aged.cost_low, 0))::double as value_per_cost_high,  -- greatest, 95 %
    aged.payback_day::integer as payback_day,
    -- first age in days at which the value reaches cost_per_buyer; empty while payback_status is a reason
    aged.payback_low::integer as payback_low,          -- the same for cost_low; empty while it is not reached
    aged.payback_high::integer as payback_high,        -- the same for cost_high; empty while it is not reached,
    -- and with the flag no_rate where it is not known
    aged.payback_status::varchar as payback_status,    -- whether it is paid back, or why not, see core.term
    aged.reached_days::integer as reached_days,
    -- age that every buyer of the month has reached, refunds included
    aged.last_on::date as last_on,                     -- day of the platform's last order
    list_filter([
        case when list_contains(aged.cost_flags, 'attribution_overlap') then 'attribution_overlap' end,
        case when list_contains(aged.cost_flags, 'channel_without_spend') then 'channel_without_spend' end,
        case when list_contains(aged.cost_flags, 'channels_above_total') then 'channels_above_total' end,
        case when abs(aged.new_buyers - aged.buyers) * 20 > aged.new_buyers then 'counts_differ' end,
        case when list_contains(aged.cost_flags, 'currency_translated') then 'currency_translated' end,
        case when list_contains(aged.cost_flags, 'ends_mid_window') then 'ends_mid_window' end,
        case when list_contains(aged.cost_flags, 'larger_duplicate') then 'larger_duplicate' end,
        case when list_contains(aged.cost_flags, 'late_data') then 'late_data' end,
        case when list_contains(aged.cost_flags, 'late_spend') then 'late_spend' end,
        case
            when aged.rateless > 0 or (aged.spend is null and list_contains(aged.cost_flags, 'no_rate')) then 'no_rate'
        end,
        case when list_contains(aged.cost_flags, 'orders_without_buyer') then 'orders_without_buyer' end,
        case when list_contains(aged.cost_flags, 'outside_deal') then 'outside_deal' end,
        case when list_contains(aged.cost_flags, 'overlapping_deal') then 'overlapping_deal' end,
        case when aged.margin_is_partial then 'partial_margin' end,
        case when list_contains(aged.cost_flags, 'silent_spend') then 'silent_spend' end,
        case when aged.buyers < 30 or aged.new_buyers < 30 then 'small_n' end,
        case when list_contains(aged.cost_flags, 'starts_mid_window') then 'starts_mid_window' end,
        case when list_contains(aged.cost_flags, 'two_currencies') then 'two_currencies' end,
        case when list_contains(aged.cost_flags, 'unsettled') then 'unsettled' end
    ], lambda flag: flag is not null)::varchar[] as flags,  -- what a reader must know
    aged.is_simulated::boolean as is_simulated         -- true where an order or a figure of the cost is made up
from aged
