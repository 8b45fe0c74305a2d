-- The margin that holds for the orders of a channel, from day to day; channel '' is every channel without a rate of its
-- own.
-- A rate holds until the next one of its channel. It may write its channel in other capitals, or by another name
-- (core.channel_name).
-- group: channel_steps
-- grain: platform, channel, valid_from
-- twin: no
-- portable: yes
with named as (
    select
        told.platform,
        told.channel as told_channel,
        lower(coalesce(alias.counts_as, told.channel)) as channel,
        told.valid_from,
        told.rate
    from core.margin_rate as told
    left join
        core.channel_name as alias
        on
            alias.platform = told.platform
            and lower(alias.delivered_channel) = lower(told.channel)
            and alias.account = ''
            and alias.valid_to = date '9999-12-31'
    qualify row_number() over (
        partition by told.platform, told.channel, told.valid_from
        order by case when alias.delivered_channel = told.channel then 0 else 1 end, alias.delivered_channel
    ) = 1
),
single as (
    select named.*
    from named
    qualify row_number() over (
        partition by named.platform, named.channel, named.valid_from
        order by case when lower(named.told_channel) = named.channel then 0 else 1 end, named.told_channel
    ) = 1
)
select
    single.platform::varchar as platform,      -- slug
    single.channel::varchar as channel,
    -- channel of the orders, in small letters; '' is every channel without a rate of its own
    single.valid_from::date as valid_from,     -- first day of the orders
    coalesce(
        lead(single.valid_from) over (partition by single.platform, single.channel order by single.valid_from) - 1,
        date '9999-12-31'
    )::date as valid_to,                       -- last day of them
    single.rate::decimal(9, 6) as margin_rate  -- contribution margin in net revenue, 0 to 1
from single
