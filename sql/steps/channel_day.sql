-- What a channel did on a day over all deals, in the platform's reporting currency; channel '' is the platform, and
-- unattributed what its total has and no channel: all channels add up to the total, to the cent.
-- A figure that is not known is empty (steps.daily_figure), and so is what is unattributed where it is not known and
-- the channels already have all of the total.
-- group: channel_steps
-- grain: platform, channel, date
-- twin: no
-- portable: yes
-- daily: date
with named as (
    select
        told.platform,
        told.date,
        told.channel,
        told.figure,
        told.currency,
        told.is_simulated,
        case when not bool_or(told.is_unknown) then sum(told.value) end as value,
        bool_or(told.is_unknown and not told.no_rate) as is_late,
        bool_or(told.no_rate) as no_rate,
        bool_or(told.is_silent) as is_silent,
        min(told.first_currency) as first_currency,
        max(told.last_currency) as last_currency,
        min(told.loaded_at) as loaded_at
    from steps.daily_figure as told
    where told.channel <> ''
    group by told.platform, told.date, told.channel, told.figure, told.currency, told.is_simulated
),
summed as (
    select
        named.platform,
        named.date,
        named.figure,
        sum(named.value) as value
    from named
    where named.channel <> 'unattributed'
    group by named.platform, named.date, named.figure
),
total as (
    select
        told.*,
        coalesce(told.value < summed.value - 0.01, false) as is_over,
        case
            when open.value is not null or open.figure is null or told.value <> coalesce(summed.value, 0)
                then told.value - coalesce(summed.value, 0)
        end as rest
    from steps.daily_figure as told
    left join
        summed
        on summed.platform = told.platform and summed.date = told.date and summed.figure = told.figure
    left join
        named as open
        on
            open.platform = told.platform
            and open.date = told.date
            and open.figure = told.figure
            and open.channel = 'unattributed'
    where told.channel = '' and told.partnership_id = ''
),
figure_of as (
    select
        named.platform,
        named.date,
        named.channel,
        named.figure,
        named.currency,
        named.is_simulated,
        named.value,
        named.is_late,
        named.no_rate,
        named.is_silent,
        false as is_over,
        named.first_currency,
        named.last_currency,
        named.loaded_at
    from named
    where named.channel <> 'unattributed'
    union all
    select
        total.platform,
        total.date,
        '',
        total.figure,
        total.currency,
        total.is_simulated,
        total.value,
        total.is_unknown and not total.no_rate,
        total.no_rate,
        total.is_silent,
        total.is_over,
        total.first_currency,
        total.last_currency,
        total.loaded_at
    from total
    union all
    select
        total.platform,
        total.date,
        'unattributed',
        total.figure,
        total.currency,
        total.is_simulated,
        total.rest,
        total.is_unknown and not total.no_rate,
        total.no_rate,
        total.is_silent,
        total.is_over,
        total.first_currency,
        total.last_currency,
        total.loaded_at
    from total
),
placed as (
    select
        figure_of.platform,
        figure_of.date,
        figure_of.channel,
        figure_of.currency,
        figure_of.is_simulated,
        sum(case when figure_of.figure = 'orders' then figure_of.value end) as orders,
        sum(case when figure_of.figure = 'new_buyers' then figure_of.value end) as new_buyers,
        sum(case when figure_of.figure = 'new_buyers_kept' then figure_of.value end) as new_buyers_kept,
        sum(case when figure_of.figure = 'orders_without_buyer' then figure_of.value end) as orders_without_buyer,
        sum(case when figure_of.figure = 'gmv' then figure_of.value end) as gmv,
        sum(case when figure_of.figure = 'marketing_spend' then figure_of.value end) as marketing_spend,
        sum(case when figure_of.figure = 'duplicate_spend' then figure_of.value end) as duplicate_spend,
        sum(case when figure_of.figure = 'duplicate_excess' then figure_of.value end) as duplicate_excess,
        sum(case when figure_of.figure = 'subsidies' then figure_of.value end) as subsidies,
        sum(case when figure_of.figure = 'commission_paid' then figure_of.value end) as commission_paid,
        sum(case when figure_of.figure = 'reported_orders' then figure_of.value end) as reported_orders,
        sum(case when figure_of.figure = 'clicks' then figure_of.value end) as clicks,
        bool_or(figure_of.no_rate and figure_of.figure in ('marketing_spend', 'subsidies', 'commission_paid'))
            as no_rate,
        bool_or(figure_of.is_over) as is_over,
        bool_or(figure_of.is_silent and figure_of.figure in ('marketing_spend', 'subsidies', 'commission_paid'))
            as is_silent,
        bool_or(figure_of.is_late and figure_of.figure in ('marketing_spend', 'subsidies', 'commission_paid'))
            as is_late,
        min(figure_of.first_currency) as first_currency,
        max(figure_of.last_currency) as last_currency
    from figure_of
    group by figure_of.platform, figure_of.date, figure_of.channel, figure_of.currency, figure_of.is_simulated
)
select
    placed.platform::varchar as platform,              -- whose figures they are
    placed.channel::varchar as channel,
    -- channel; '' is the platform's total, unattributed what it has and no channel
    placed.date::date as date,                         -- the day, as the platform's team counts it
    placed.currency::varchar as currency,              -- currency of the amounts: the platform's reporting currency
    placed.first_currency::varchar as first_currency,
    -- delivered currency that comes first in the alphabet; empty without delivered amounts
    placed.last_currency::varchar as last_currency,    -- delivered currency that comes last
    placed.no_rate::boolean as lacks_rate,             -- whether a part of the cost is empty for want of a rate
    placed.is_silent::boolean as is_silent,
    -- whether a part of the cost is 0 because its feed goes on without the day
    placed.is_late::boolean as is_late,
    -- whether a part of the cost is empty because a feed stopped less than a week before
    placed.is_over::boolean as channels_above_total,
    -- of the total and of unattributed: whether the channels have more of a figure than the total
    floor(placed.orders)::bigint as orders,            -- orders placed
    floor(placed.new_buyers)::bigint as new_buyers,    -- persons whose first order it was, whatever became of it
    floor(placed.new_buyers_kept)::bigint as new_buyers_kept,
    -- persons whose first order that was not cancelled it was
    floor(placed.orders_without_buyer)::bigint as orders_without_buyer,
    -- orders that tell no buyer: new_buyers has none of theirs; empty where orders are not counted one by one
    placed.gmv::decimal(28, 4) as gmv,                 -- value of the orders placed, in currency
    placed.marketing_spend::decimal(28, 6) as marketing_spend,
    -- spent on marketing, in currency; below 0 where corrections are larger
    (
        case
            when conversion.rate is not null and abs(placed.marketing_spend) < 10000000000000
                then
                    cast(cast(placed.marketing_spend as decimal(19, 6)) * conversion.rate as decimal(30, 14))
                    * conversion.rate_unit
        end
    )::decimal(28, 6) as spend_reporting,
    -- marketing_spend in the reporting currency of all platforms; empty where the day has no rate
    conversion.to_currency::varchar as reporting_currency,  -- ISO 4217 code of it
    placed.duplicate_spend::decimal(28, 6) as duplicate_spend,
    -- spend that an account repeats, in currency; not in marketing_spend
    placed.duplicate_excess::decimal(28, 6) as duplicate_excess,
    -- by how much such spend is above what it repeats, in currency; empty up to 1 %
    placed.subsidies::decimal(28, 4) as subsidies,     -- coupons and subsidies paid by the platform, in currency
    placed.commission_paid::decimal(28, 4) as commission_paid,
    -- commission of the deals in which the platform pays it, in currency
    placed.reported_orders::decimal(28, 4) as reported_orders,  -- orders that ad platforms and networks claim
    floor(placed.clicks)::bigint as clicks,            -- clicks on ads
    placed.is_simulated::boolean as is_simulated       -- true where figures of the platform's day are made up
from placed
left join
    core.conversion_rate as conversion
    on conversion.date = placed.date and conversion.currency = placed.currency and conversion.is_common
