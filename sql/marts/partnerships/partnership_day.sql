-- What a partnership brought to a platform on one day, in the platform's reporting currency; partnership '' is the platform's total.
-- A partnership's own total of a day (channel '') goes before the sum of its channels. A figure that a channel did not deliver, and
-- an amount without a rate, leave the day's figure empty: empty is not 0.
-- grain: platform, partnership_id, date
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with summed as (
    select
        m.platform, m.partnership_id, m.date, m.currency, m.channel = '' as is_total, min(m.delivered_currency) as first_currency, max(m.delivered_currency) as last_currency,
        bool_or(m.no_rate) as lacks_rate, date_diff('day', m.date, cast(min(m.loaded_at) as date)) as age_days,
        case when count(m.orders) = count(*) then sum(m.orders) end as orders, case when count(m.new_buyers) = count(*) then sum(m.new_buyers) end as new_buyers,
        case when count(m.gmv) = count(*) then sum(m.gmv) end as gmv, case when count(m.cancelled_gmv) = count(*) then sum(m.cancelled_gmv) end as cancelled,
        case when count(m.refunded_gmv) = count(*) then sum(m.refunded_gmv) end as refunded, case when count(m.marketing_spend) = count(*) then sum(m.marketing_spend) end as marketing,
        case when count(m.subsidies) = count(*) then sum(m.subsidies) end as subsidies, case when count(m.commission) = count(*) then sum(m.commission) end as commission
    from core.daily_metric as m
    where m.partnership_id <> '' or m.channel = ''
    group by m.platform, m.partnership_id, m.date, m.currency, m.channel = ''
),
single as (
    select s.*
    from summed as s
    qualify row_number() over (partition by s.platform, s.partnership_id, s.date order by case when s.is_total then 0 else 1 end) = 1
),
sided as (
    select
        s.*, case when p.traffic_platform is not distinct from p.supply_platform then null when p.supply_platform = s.platform then 'pays'
            when p.traffic_platform = s.platform then 'receives' end as side
    from single as s
    left join core.partnership as p on p.partnership_id = s.partnership_id
)
select
    s.platform::varchar             as platform,        -- whose figures they are
    s.partnership_id::varchar       as partnership_id,  -- identifier of the deal; '' is the platform's total
    s.date::date                    as date,            -- the day, as the platform's team counts it
    s.side::varchar                 as side,            -- whether the platform pays or receives the commission; empty where the deal does not say
    s.currency::varchar             as currency,        -- currency of the amounts: the platform's reporting currency
    s.first_currency::varchar       as first_currency,  -- delivered currency that comes first in the alphabet; empty without delivered amounts
    s.last_currency::varchar        as last_currency,   -- delivered currency that comes last
    s.lacks_rate::boolean           as lacks_rate,      -- whether amounts are empty for want of a rate
    s.age_days::integer             as age_days,        -- days from the day to the delivery that counts, the earliest among channels
    s.orders::bigint                as orders,          -- orders placed
    s.new_buyers::bigint            as new_buyers,      -- persons whose first order it was
    s.gmv::decimal(28, 4)           as gmv,             -- value of the orders placed, in currency
    s.refunded::decimal(28, 4)      as refunded_gmv,    -- value of orders refunded, in currency
    (s.gmv - s.cancelled - s.refunded)::decimal(28, 4) as net_gmv, -- without what was cancelled or refunded, in currency
    s.marketing::decimal(28, 4)     as marketing_spend, -- spent on marketing, in currency
    s.subsidies::decimal(28, 4)     as subsidies,       -- coupons and subsidies paid by the platform, in currency
    s.commission::decimal(28, 4)    as commission,      -- commission between platform and partner, in currency
    (case when s.partnership_id = '' then sum(case when s.side = 'pays' then s.commission end) over (partition by s.platform, s.date)
        when s.side = 'pays' then s.commission end)::decimal(28, 4) as commission_paid -- of it what the platform pays; in the total that of its deals
from sided as s
