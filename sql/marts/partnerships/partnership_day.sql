-- What a partnership brought to a platform on one day, in the platform's reporting currency; partnership '' is the
-- platform's total.
-- Each figure is the partnership's own (channel ''), else the sum of its channels; one that may be late, and an amount
-- without a rate, is empty: empty is not 0 (steps.daily_figure).
-- grain: platform, partnership_id, date
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with placed as (
    select
        told.platform,
        told.partnership_id,
        told.date,
        told.currency,
        min(told.first_currency) as first_currency,
        max(told.last_currency) as last_currency,
        bool_or(told.no_rate) as lacks_rate,
        bool_or(told.no_rate and told.figure in ('marketing_spend', 'subsidies', 'commission_paid'))
            as spend_lacks_rate,
        min(case when told.figure in ('gmv', 'cancelled_gmv', 'refunded_gmv') then told.loaded_at end) as loaded_at,
        sum(case when told.figure = 'orders' then told.value end) as orders,
        sum(case when told.figure = 'new_buyers' then told.value end) as new_buyers,
        sum(case when told.figure = 'orders_without_buyer' then told.value end) as orders_without_buyer,
        sum(case when told.figure = 'gmv' then told.value end) as gmv,
        sum(case when told.figure = 'cancelled_gmv' then told.value end) as cancelled,
        sum(case when told.figure = 'refunded_gmv' then told.value end) as refunded,
        sum(case when told.figure = 'marketing_spend' then told.value end) as marketing,
        sum(case when told.figure = 'subsidies' then told.value end) as subsidies,
        sum(case when told.figure = 'commission' then told.value end) as commission,
        sum(case when told.figure = 'commission_paid' then told.value end) as commission_paid
    from steps.daily_figure as told
    where told.channel = ''
    group by told.platform, told.partnership_id, told.date, told.currency
),
sided as (
    select
        placed.*,
        case
            when partnership.traffic_platform = partnership.supply_platform then null
            when partnership.supply_platform = placed.platform then 'pays'
            when partnership.traffic_platform = placed.platform then 'receives'
        end as side
    from placed
    left join core.partnership as partnership on partnership.partnership_id = placed.partnership_id
)
select
    sided.platform::varchar as platform,                 -- whose figures they are
    sided.partnership_id::varchar as partnership_id,     -- identifier of the deal; '' is the platform's total
    sided.date::date as date,                            -- the day, as the platform's team counts it
    sided.side::varchar as side,
    -- whether the platform pays or receives the commission; empty where the deal does not say
    sided.currency::varchar as currency,                 -- currency of the amounts: the platform's reporting currency
    sided.first_currency::varchar as first_currency,
    -- delivered currency that comes first in the alphabet; empty without delivered amounts
    sided.last_currency::varchar as last_currency,       -- delivered currency that comes last
    sided.lacks_rate::boolean as lacks_rate,             -- whether an amount is empty for want of a rate
    sided.spend_lacks_rate::boolean as spend_lacks_rate,  -- whether a part of what it cost is
    date_diff('day', sided.date, cast(sided.loaded_at as date))::integer as age_days,
    -- days from the day to the delivery of its GMV and refunds that counts, the earliest among channels
    floor(sided.orders)::bigint as orders,               -- orders placed
    floor(sided.new_buyers)::bigint as new_buyers,       -- persons whose first order it was
    floor(sided.orders_without_buyer)::bigint as orders_without_buyer,
    -- orders that tell no buyer: new_buyers has none of theirs; empty where orders are not counted one by one
    sided.gmv::decimal(28, 4) as gmv,                    -- value of the orders placed, in currency
    sided.refunded::decimal(28, 4) as refunded_gmv,      -- value of orders refunded, in currency
    (sided.gmv - sided.cancelled - sided.refunded)::decimal(28, 4) as net_gmv,
    -- without what was cancelled or refunded, in currency
    sided.marketing::decimal(28, 6) as marketing_spend,
    -- spent on marketing, in currency; below 0 where corrections are larger
    sided.subsidies::decimal(28, 4) as subsidies,        -- coupons and subsidies paid by the platform, in currency
    sided.commission::decimal(28, 4) as commission,      -- commission between platform and partner, in currency
    sided.commission_paid::decimal(28, 4) as commission_paid
    -- of it what the platform pays; in the total that of its deals
from sided
