-- What a partnership brought to a platform on one day, in the platform's reporting currency; partnership '' is the
-- platform's total.
-- A partnership's own total of a day (channel '') goes before the sum of its channels. A figure that a channel did not
-- deliver, and an amount without a rate, leave the day's figure empty: empty is not 0.
-- grain: platform, partnership_id, date
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with summed as (
    select
        daily.platform,
        daily.partnership_id,
        daily.date,
        daily.currency,
        daily.channel = '' as is_total,
        min(daily.first_currency) as first_currency,
        max(daily.last_currency) as last_currency,
        bool_or(daily.no_rate) as lacks_rate,
        date_diff('day', daily.date, cast(min(daily.loaded_at) as date)) as age_days,
        case when count(daily.orders) = count(*) then sum(daily.orders) end as orders,
        case when count(daily.new_buyers) = count(*) then sum(daily.new_buyers) end as new_buyers,
        case when count(daily.gmv) = count(*) then sum(daily.gmv) end as gmv,
        case when count(daily.cancelled_gmv) = count(*) then sum(daily.cancelled_gmv) end as cancelled,
        case when count(daily.refunded_gmv) = count(*) then sum(daily.refunded_gmv) end as refunded,
        case when count(daily.marketing_spend) = count(*) then sum(daily.marketing_spend) end as marketing,
        case when count(daily.subsidies) = count(*) then sum(daily.subsidies) end as subsidies,
        case when count(daily.commission) = count(*) then sum(daily.commission) end as commission
    from core.daily_metric as daily
    where daily.partnership_id <> '' or daily.channel = ''
    group by daily.platform, daily.partnership_id, daily.date, daily.currency, daily.channel = ''
),
single as (
    select summed.*
    from summed
    qualify
        row_number()
            over (
                partition by summed.platform, summed.partnership_id, summed.date
                order by case when summed.is_total then 0 else 1 end
            )
        = 1
),
sided as (
    select
        single.*,
        case
            when (partnership.traffic_platform is not distinct from partnership.supply_platform) then null
            when partnership.supply_platform = single.platform then 'pays'
            when partnership.traffic_platform = single.platform then 'receives'
        end as side
    from single
    left join core.partnership as partnership on partnership.partnership_id = single.partnership_id
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
    sided.lacks_rate::boolean as lacks_rate,             -- whether amounts are empty for want of a rate
    sided.age_days::integer as age_days,  -- days from the day to the delivery that counts, the earliest among channels
    sided.orders::bigint as orders,                      -- orders placed
    sided.new_buyers::bigint as new_buyers,              -- persons whose first order it was
    sided.gmv::decimal(28, 4) as gmv,                    -- value of the orders placed, in currency
    sided.refunded::decimal(28, 4) as refunded_gmv,      -- value of orders refunded, in currency
    (sided.gmv - sided.cancelled - sided.refunded)::decimal(28, 4) as net_gmv,
    -- without what was cancelled or refunded, in currency
    sided.marketing::decimal(28, 6) as marketing_spend,
    -- spent on marketing, in currency; below 0 where corrections are larger
    sided.subsidies::decimal(28, 4) as subsidies,        -- coupons and subsidies paid by the platform, in currency
    sided.commission::decimal(28, 4) as commission,      -- commission between platform and partner, in currency
    (case
        when
            sided.partnership_id = ''
            then
                sum(case when sided.side = 'pays' then sided.commission end)
                    over (partition by sided.platform, sided.date)
        when sided.side = 'pays' then sided.commission
    end)::decimal(28, 4) as commission_paid              -- of it what the platform pays; in the total that of its deals
from sided
