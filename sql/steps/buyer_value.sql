-- What the buyers of a month had kept by an age in days after their first order, by channel or deal that won them: net
-- revenue, and of it the margin that is delivered.
-- Only ages that every buyer of the month has reached, with 30 days more in which refunds came: the last day of the
-- month and the age, and 30 days, lie before the last order of the platform. Age 0 is the day of the first order, and
-- further ages have a row where an order is kept. Cancelled orders and refunds are out; where a cohort has none but
-- cancelled orders, whether these have a margin says what its 0 is. Channel '' and deal '' are all
-- buyers of the platform, channel '' beside a deal those of the deal over all channels, deal '' beside a channel those
-- of the channel over all deals.
-- group: buyers
-- grain: platform, channel, partnership_id, cohort_month, age_days
-- twin: no
-- portable: yes
with last as (
    select
        order_event.platform,
        platform.reporting_currency,
        max(order_event.date) as last_on
    from core.order_attribution as order_event
    join core.platform_ever as platform on platform.platform = order_event.platform
    where order_event.basis = 'last_touch'
    group by order_event.platform, platform.reporting_currency
),
won as (
    select
        first_purchase.platform,
        first_purchase.buyer_id_hash,
        first_purchase.channel,
        first_purchase.partnership_id,
        first_purchase.first_on,
        cast(date_trunc('month', first_purchase.first_on) as date) as cohort_month,
        last.reporting_currency,
        last.last_on,
        date_diff('day', last_day(first_purchase.first_on), last.last_on) - 30 as reached_days
    from core.first_purchase as first_purchase
    join last on last.platform = first_purchase.platform
),
kept as (
    select
        won.platform,
        won.channel,
        won.partnership_id,
        won.cohort_month,
        won.reporting_currency,
        won.last_on,
        won.reached_days,
        case
            when order_event.status = 'cancelled' then 0 else date_diff('day', won.first_on, order_event.date)
        end as age_days,
        order_event.status <> 'cancelled' as is_kept,
        order_event.is_simulated,
        order_event.amount
        - case order_event.status
            when 'placed' then coalesce(order_event.refunded, 0)
            when 'cancelled' then order_event.amount
            else coalesce(order_event.refunded, order_event.amount)
        end as paid,
        conversion.rate,
        conversion.rate_unit,
        coalesce(own.margin_rate, general.margin_rate) as margin_rate
    from won
    join
        core.order_attribution as order_event
        on order_event.platform = won.platform and order_event.buyer_id_hash = won.buyer_id_hash
    left join
        core.conversion_rate as conversion
        on
            conversion.date = order_event.date
            and conversion.currency = order_event.currency
            and conversion.to_currency = won.reporting_currency
    left join
        core.margin_span as own
        on
            own.platform = order_event.platform
            and own.channel = lower(order_event.channel)
            and own.channel <> ''
            and order_event.date between own.valid_from and own.valid_to
    left join
        core.margin_span as general
        on
            general.platform = order_event.platform
            and general.channel = ''
            and order_event.date between general.valid_from and general.valid_to
    where
        order_event.basis = 'last_touch'
        and date_diff('day', won.first_on, order_event.date) <= won.reached_days
),
-- Orders of one rate and margin are added up before they are converted, which is exact and spares a product for each.
sold as (
    select
        kept.platform,
        kept.channel,
        kept.partnership_id,
        kept.cohort_month,
        kept.reporting_currency,
        kept.last_on,
        kept.reached_days,
        kept.age_days,
        kept.rate,
        kept.rate_unit,
        kept.margin_rate,
        count(*) as placed,
        sum(case when kept.is_kept then 1 else 0 end) as orders,
        sum(kept.paid) as paid,
        bool_or(kept.is_simulated) as is_simulated
    from kept
    group by
        kept.platform,
        kept.channel,
        kept.partnership_id,
        kept.cohort_month,
        kept.reporting_currency,
        kept.last_on,
        kept.reached_days,
        kept.age_days,
        kept.rate,
        kept.rate_unit,
        kept.margin_rate
),
converted as (
    select
        sold.*,
        cast(
            cast(cast(sold.paid as decimal(19, 4)) * sold.rate as decimal(30, 14)) * sold.rate_unit as decimal(28, 8)
        ) as net
    from sold
),
fact as (
    select
        converted.platform,
        converted.channel,
        converted.partnership_id,
        converted.cohort_month,
        converted.reporting_currency,
        converted.last_on,
        converted.reached_days,
        converted.age_days,
        0 as buyers,
        sum(converted.orders) as orders,
        sum(converted.net) as net,
        sum(converted.net * converted.margin_rate) as margin,
        sum(case when converted.net is null then converted.orders else 0 end) as rateless,
        sum(case when converted.margin_rate is null then converted.orders else 0 end) as marginless,
        sum(case when converted.margin_rate is null then converted.placed else 0 end) as marginless_placed,
        bool_or(converted.is_simulated) as is_simulated
    from converted
    group by
        converted.platform,
        converted.channel,
        converted.partnership_id,
        converted.cohort_month,
        converted.reporting_currency,
        converted.last_on,
        converted.reached_days,
        converted.age_days
    union all
    select
        won.platform,
        won.channel,
        won.partnership_id,
        won.cohort_month,
        won.reporting_currency,
        won.last_on,
        won.reached_days,
        0,
        count(*),
        0,
        0,
        0,
        0,
        0,
        0,
        false
    from won
    where won.reached_days >= 0
    group by
        won.platform,
        won.channel,
        won.partnership_id,
        won.cohort_month,
        won.reporting_currency,
        won.last_on,
        won.reached_days
),
placed as (
    select
        fact.*,
        fact.channel as of_channel,
        '' as of_partnership
    from fact
    union all
    select
        fact.*,
        '' as of_channel,
        fact.partnership_id as of_partnership
    from fact
    where fact.partnership_id <> ''
    union all
    select
        fact.*,
        '' as of_channel,
        '' as of_partnership
    from fact
),
summed as (
    select
        placed.platform,
        placed.of_channel,
        placed.of_partnership,
        placed.cohort_month,
        placed.reporting_currency,
        placed.last_on,
        placed.reached_days,
        placed.age_days,
        sum(placed.buyers) as buyers,
        sum(placed.orders) as orders,
        sum(placed.net) as net,
        sum(placed.margin) as margin,
        sum(placed.rateless) as rateless,
        sum(placed.marginless) as marginless,
        sum(placed.marginless_placed) as marginless_placed,
        bool_or(placed.is_simulated) as is_simulated
    from placed
    group by
        placed.platform,
        placed.of_channel,
        placed.of_partnership,
        placed.cohort_month,
        placed.reporting_currency,
        placed.last_on,
        placed.reached_days,
        placed.age_days
),
cumulated as (
    select
        summed.*,
        sum(summed.buyers) over to_age as all_buyers,
        sum(summed.orders) over to_age as all_orders,
        sum(summed.net) over to_age as all_net,
        sum(summed.margin) over to_age as all_margin,
        sum(summed.rateless) over to_age as all_rateless,
        lead(summed.age_days) over (
            partition by summed.platform, summed.of_channel, summed.of_partnership, summed.cohort_month
            order by summed.age_days
        ) as next_age,
        sum(summed.orders) over cohort as cohort_orders,
        sum(summed.marginless) over cohort as cohort_marginless,
        case
            when sum(summed.orders) over cohort > 0 then sum(summed.marginless) over cohort
            else sum(summed.marginless_placed) over cohort
        end = 0 as has_margin,
        bool_or(summed.is_simulated) over cohort as has_simulated
    from summed
    window
        to_age as (
            partition by summed.platform, summed.of_channel, summed.of_partnership, summed.cohort_month
            order by summed.age_days rows between unbounded preceding and current row
        ),
        cohort as (
            partition by summed.platform, summed.of_channel, summed.of_partnership, summed.cohort_month
        )
)
select
    cumulated.platform::varchar as platform,              -- where
    cumulated.of_channel::varchar as channel,
    -- channel of the first order; '' is every channel, unattributed what no rule places
    cumulated.of_partnership::varchar as partnership_id,
    -- deal that brought the first order; '' is with or without one
    cumulated.cohort_month::date as cohort_month,         -- first day of the month of the first order, UTC
    cumulated.age_days::integer as age_days,              -- days after the day of the first order
    (coalesce(cumulated.next_age - 1, cumulated.reached_days))::integer as to_age_days,
    -- the amounts are the same up to this age
    cumulated.reached_days::integer as reached_days,      -- age that every buyer of the month has reached
    cumulated.last_on::date as last_on,                   -- day of the platform's last order
    cumulated.reporting_currency::varchar as currency,    -- currency of the amounts
    cumulated.all_buyers::bigint as buyers,               -- persons whose first order it was
    cumulated.all_orders::bigint as orders,               -- their orders by this age that were not cancelled
    cumulated.all_rateless::bigint as rateless_orders,    -- of them those in a currency without a rate
    (case when cumulated.all_rateless = 0 then cumulated.all_net end)::decimal(28, 8) as net_revenue,
    -- of these orders what was not refunded, in currency; empty without a rate
    (
        case
            when cumulated.all_rateless = 0 and cumulated.has_margin then cumulated.all_margin
        end
    )::decimal(28, 8) as contribution_margin,
    -- of it the margin, each order by the rate of its day and channel, in currency; empty without a rate of conversion,
    -- and unless each order of the cohort has a margin
    (
        case
            when cumulated.has_margin then 'contribution_margin' else 'net_revenue'
        end
    )::varchar as value_kind,                             -- which of the two is the value of the cohort, see core.term
    (cumulated.cohort_marginless > 0 and cumulated.cohort_marginless < cumulated.cohort_orders)::boolean
        as margin_is_partial,                             -- whether only some orders of the cohort have a margin
    cumulated.has_simulated::boolean as is_simulated      -- true where an order is made up, for a demo
from cumulated
