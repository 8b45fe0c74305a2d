-- The margin that holds for the orders of a channel, from day to day; channel '' is every channel without a rate of its
-- own.
-- A rate holds until the next one of its channel. A channel may be named as it is delivered (core.channel_name).
-- grain: platform, channel, valid_from
-- twin: no
-- portable: yes
with named as (
    select
        told.platform,
        coalesce(alias.counts_as, told.channel) as channel,
        told.channel as delivered_channel,
        told.valid_from,
        told.rate
    from core.margin_rate as told
    left join
        core.channel_name as alias
        on
            alias.platform = told.platform
            and alias.delivered_channel = told.channel
            and alias.account = ''
            and alias.valid_to = date '9999-12-31'
),
single as (
    select named.*
    from named
    qualify row_number() over (
        partition by named.platform, named.channel, named.valid_from
        order by case when named.delivered_channel = named.channel then 0 else 1 end, named.delivered_channel
    ) = 1
)
select
    single.platform::varchar as platform,      -- slug
    single.channel::varchar as channel,        -- channel of the orders; '' is every channel without a rate of its own
    single.valid_from::date as valid_from,     -- first day of the orders
    coalesce(
        lead(single.valid_from) over (partition by single.platform, single.channel order by single.valid_from) - 1,
        date '9999-12-31'
    )::date as valid_to,                       -- last day of them
    single.rate::decimal(9, 6) as margin_rate  -- contribution margin in net revenue, 0 to 1
from single
