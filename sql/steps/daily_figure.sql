-- One figure of a day: of a channel without a deal or through one, of a deal (channel ''), and of the platform (both
-- ''); 0 where the feed goes on without it, and unknown where it may be late.
-- A deal's or the platform's own figure goes before the sum of its parts, which does not stand in for a total that was
-- told within the 28 days before. What ad platforms tell (feed) is 0 on a day that is left out between two told, at
-- most 28 days after the one and a week before the other, and after a row with 0; within a week after the last one told
-- it is unknown, and on days on which the channel has other figures, such as orders, within 28, or a week before the
-- first one told. Earlier there is none. What a shop counts is 0 for a channel without an order where orders
-- are counted one by one and some are placed in channels within a week; elsewhere it is unknown where the channel's row
-- lacks it, such as new buyers of orders that tell none. A figure that nothing tells has no row, orders apart.
-- group: daily_figures
-- grain: platform, date, channel, partnership_id, figure
-- twin: no
-- portable: yes
-- daily: date, 28, 7
with listed as (
    select
        named.figure,
        named.kind,
        named.is_amount
    from (
        values
        ('orders', 'shop', false),
        ('new_buyers', 'shop', false),
        ('new_buyers_kept', 'shop', false),
        ('gmv', 'shop', true),
        ('cancelled_gmv', 'shop', true),
        ('refunded_gmv', 'shop', true),
        ('marketing_spend', 'feed', true),
        ('subsidies', 'feed', true),
        ('commission', 'feed', true),
        ('commission_paid', 'feed', true),
        ('clicks', 'feed', false),
        ('reported_orders', 'feed', false),
        ('orders_without_buyer', 'aside', false),
        ('duplicate_spend', 'aside', true),
        ('duplicate_excess', 'aside', true)
    ) as named (figure, kind, is_amount)
),
day as (
    select
        daily.*,
        partnership.supply_platform = daily.platform
        and coalesce(partnership.traffic_platform <> partnership.supply_platform, true) as pays
    from core.daily_metric as daily
    left join core.partnership as partnership on partnership.partnership_id = daily.partnership_id
),
-- The figures that a platform has on a day at least; what a shop counts may be 0 or unknown without one.
in_use as (
    select
        day.platform,
        listed.figure,
        listed.kind,
        listed.is_amount
    from day
    cross join listed
    where
        listed.kind = 'shop'
        or list_contains(day.rateless, listed.figure)
        or case listed.figure
            when 'marketing_spend' then day.marketing_spend is not null
            when 'subsidies' then day.subsidies is not null
            when 'clicks' then day.clicks is not null
            when 'reported_orders' then day.reported_orders is not null
            when 'orders_without_buyer' then day.orders_without_buyer is not null
            when 'duplicate_spend' then day.duplicate_spend is not null
            when 'duplicate_excess' then day.duplicate_excess is not null
            when 'commission' then day.commission is not null
            else day.pays and (day.commission is not null or list_contains(day.rateless, 'commission'))
        end
    group by day.platform, listed.figure, listed.kind, listed.is_amount
),
told as (
    select
        day.platform,
        day.date,
        day.channel,
        day.partnership_id,
        in_use.figure,
        in_use.kind,
        in_use.is_amount,
        true as is_row,
        day.events_orders is not null as has_events,
        case in_use.figure
            when 'orders' then cast(day.orders as decimal(28, 6))
            when 'new_buyers' then cast(day.new_buyers as decimal(28, 6))
            when 'new_buyers_kept' then cast(day.new_buyers_kept as decimal(28, 6))
            when 'gmv' then cast(day.gmv as decimal(28, 6))
            when 'cancelled_gmv' then cast(day.cancelled_gmv as decimal(28, 6))
            when 'refunded_gmv' then cast(day.refunded_gmv as decimal(28, 6))
            when 'marketing_spend' then cast(day.marketing_spend as decimal(28, 6))
            when 'subsidies' then cast(day.subsidies as decimal(28, 6))
            when 'commission' then cast(day.commission as decimal(28, 6))
            when 'commission_paid' then case when day.pays then cast(day.commission as decimal(28, 6)) end
            when 'clicks' then cast(day.clicks as decimal(28, 6))
            when 'reported_orders' then cast(day.reported_orders as decimal(28, 6))
            when 'orders_without_buyer' then cast(day.orders_without_buyer as decimal(28, 6))
            when 'duplicate_spend' then cast(day.duplicate_spend as decimal(28, 6))
            else cast(day.duplicate_excess as decimal(28, 6))
        end as value,
        coalesce(
            case
                when in_use.figure = 'commission_paid' then day.pays and list_contains(day.rateless, 'commission')
                else list_contains(day.rateless, in_use.figure)
            end,
            false
        ) as no_rate,
        case when in_use.is_amount then day.first_currency end as first_currency,
        case when in_use.is_amount then day.last_currency end as last_currency,
        day.loaded_at
    from day
    join in_use on in_use.platform = day.platform
),
spine as (
    select
        day.platform,
        day.date,
        day.currency,
        bool_or(day.is_simulated) as is_simulated,
        max(
            case when day.channel not in ('', 'unattributed') and day.events_orders > 0 then day.date end
        ) as placed_on
    from day
    group by day.platform, day.date, day.currency
),
calendar as (
    select
        spine.*,
        coalesce(
            date_diff(
                'day',
                max(spine.placed_on) over (
                    partition by spine.platform order by spine.date rows between unbounded preceding and current row
                ),
                spine.date
            )
            <= 7,
            false
        )
        or coalesce(
            date_diff(
                'day',
                spine.date,
                min(spine.placed_on) over (
                    partition by spine.platform order by spine.date rows between current row and unbounded following
                )
            )
            <= 7,
            false
        ) as is_placing
    from spine
),
-- The shop's figures of a day that are counted order by order, so that a channel without an order has none.
counted as (
    select
        told.platform,
        told.date,
        told.figure
    from told
    join calendar on calendar.platform = told.platform and calendar.date = told.date
    where
        told.channel = ''
        and told.partnership_id = ''
        and told.kind = 'shop'
        and told.value is not null
        and told.has_events
        and calendar.is_placing
),
followed as (
    select
        told.*,
        lead(told.date) over (
            partition by told.platform, told.channel, told.partnership_id, told.figure order by told.date
        ) as next_date
    from told
    where
        told.value is not null
        and told.figure not in ('clicks', 'reported_orders')
        and (told.kind = 'feed' or (told.kind = 'shop' and told.channel = ''))
),
left_off as (
    select followed.*
    from followed
    where followed.next_date is null or date_diff('day', followed.date, followed.next_date) > 1
),
digit as (
    select listed.number from (values (0), (1), (2), (3), (4), (5), (6)) as listed (number)
),
ahead as (
    select tens.number * 7 + ones.number + 1 as days
    from digit as tens
    cross join digit as ones
    where tens.number <= 3
),
-- Days on which a channel or a deal has no row, soon after one.
stopped as (
    select distinct
        followed.platform,
        calendar.date,
        followed.channel,
        followed.partnership_id
    from left_off as followed
    join ahead on followed.next_date is null or ahead.days < date_diff('day', followed.date, followed.next_date)
    join calendar on calendar.platform = followed.platform and calendar.date = followed.date + ahead.days
    left join
        counted
        on
            counted.platform = followed.platform
            and counted.date = followed.date + ahead.days
            and counted.figure = followed.figure
    left join
        day
        on
            day.platform = followed.platform
            and day.date = followed.date + ahead.days
            and day.channel = followed.channel
            and day.partnership_id = followed.partnership_id
    where
        (followed.channel = '' or ahead.days <= 7)
        and counted.platform is null
        and day.platform is null
),
fact as (
    select told.*
    from told
    union all
    select
        stopped.platform,
        stopped.date,
        stopped.channel,
        stopped.partnership_id,
        listed.figure,
        listed.kind,
        listed.is_amount,
        false,
        false,
        null,
        false,
        null,
        null,
        null
    from stopped
    cross join listed
),
-- Only where a series is told on some days and not on others do its days tell anything of each other.
gappy as (
    select
        fact.platform,
        fact.channel,
        fact.partnership_id,
        fact.figure
    from fact
    group by fact.platform, fact.channel, fact.partnership_id, fact.figure
    having count(fact.value) between 1 and count(*) - 1
),
around as (
    select
        fact.*,
        max(case when fact.value is not null then fact.date end) over (
            partition by fact.platform, fact.channel, fact.partnership_id, fact.figure
            order by fact.date rows between unbounded preceding and current row
        ) as last_told,
        max(case when fact.value <> 0 then fact.date end) over (
            partition by fact.platform, fact.channel, fact.partnership_id, fact.figure
            order by fact.date rows between unbounded preceding and current row
        ) as last_positive,
        min(case when fact.value is not null then fact.date end) over (
            partition by fact.platform, fact.channel, fact.partnership_id, fact.figure
            order by fact.date rows between current row and unbounded following
        ) as next_told
    from fact
    join
        gappy
        on
            gappy.platform = fact.platform
            and gappy.channel = fact.channel
            and gappy.partnership_id = fact.partnership_id
            and gappy.figure = fact.figure
    union all
    select
        fact.*,
        null,
        null,
        null
    from fact
    left join
        gappy
        on
            gappy.platform = fact.platform
            and gappy.channel = fact.channel
            and gappy.partnership_id = fact.partnership_id
            and gappy.figure = fact.figure
    where gappy.platform is null
),
aged as (
    select
        around.*,
        counted.platform is not null and not around.has_events as is_counted,
        around.kind = 'shop' and around.has_events as is_untold,
        coalesce(around.date > partnership.ended_on, false) as is_over,
        coalesce(date_diff('day', around.last_told, around.date), 99) as days_since,
        coalesce(date_diff('day', around.date, around.next_told), 99) as days_until,
        around.kind = 'feed'
        and coalesce(around.last_positive <> around.last_told, around.last_told is not null) as is_ended
    from around
    left join
        counted
        on counted.platform = around.platform and counted.date = around.date and counted.figure = around.figure
    left join core.partnership as partnership on partnership.partnership_id = around.partnership_id
),
judged as (
    select
        aged.*,
        case
            when aged.value is not null then aged.value
            when aged.no_rate or aged.is_untold or aged.channel = '' then null
            when aged.kind = 'shop' and (aged.is_counted or (not aged.is_row and aged.days_until <= 7)) then 0
            when
                aged.kind = 'feed'
                and aged.days_since <= 28
                and (aged.days_until <= 7 or aged.is_ended or aged.is_over)
                then 0
        end as known,
        case
            when aged.value is not null or aged.kind = 'aside' then false
            when aged.no_rate or aged.is_untold then true
            when aged.is_ended or aged.is_over or aged.is_counted then false
            when aged.channel = '' then aged.days_since <= 28
            when aged.kind = 'shop' then aged.is_row
            when aged.days_since <= 28 and aged.days_until <= 7 then false
            when aged.is_row then aged.days_since <= 28 or aged.days_until <= 7
            else aged.days_since <= 7
        end as is_unknown,
        aged.value is null
        and aged.kind = 'feed'
        and aged.channel <> ''
        and not aged.no_rate
        and not aged.is_ended
        and not aged.is_over
        and aged.days_since <= 28
        and aged.days_until <= 7 as is_silent
    from aged
),
of_deal as (
    select
        judged.platform,
        judged.date,
        judged.partnership_id,
        judged.figure,
        min(judged.kind) as kind,
        bool_or(judged.is_row) as is_row,
        max(case when judged.channel = '' then judged.known end) as own,
        sum(case when judged.channel <> '' then judged.known end) as parts,
        bool_or(judged.is_unknown) as is_unknown,
        bool_or(judged.is_unknown and judged.no_rate) as no_rate,
        bool_or(judged.is_silent) as is_silent,
        min(case when judged.channel = '' then judged.first_currency end) as own_first,
        max(case when judged.channel = '' then judged.last_currency end) as own_last,
        min(case when judged.channel <> '' then judged.first_currency end) as parts_first,
        max(case when judged.channel <> '' then judged.last_currency end) as parts_last,
        min(case when judged.channel = '' then judged.loaded_at end) as own_loaded,
        min(case when judged.channel <> '' then judged.loaded_at end) as parts_loaded
    from judged
    where judged.partnership_id <> ''
    group by judged.platform, judged.date, judged.partnership_id, judged.figure
),
deal as (
    select
        of_deal.platform,
        of_deal.date,
        of_deal.partnership_id,
        of_deal.figure,
        of_deal.kind,
        of_deal.is_row,
        case
            when of_deal.own is not null then of_deal.own
            when not of_deal.is_unknown then of_deal.parts
        end as known,
        of_deal.own is null and of_deal.is_unknown as is_unknown,
        of_deal.own is null and of_deal.no_rate as no_rate,
        of_deal.own is null and of_deal.is_silent as is_silent,
        case
            when of_deal.own is not null then of_deal.own_first else coalesce(of_deal.parts_first, of_deal.own_first)
        end as first_currency,
        case
            when of_deal.own is not null then of_deal.own_last else coalesce(of_deal.parts_last, of_deal.own_last)
        end as last_currency,
        case when of_deal.own is not null then of_deal.own_loaded else of_deal.parts_loaded end as loaded_at
    from of_deal
),
part as (
    select
        judged.platform,
        judged.date,
        judged.channel = '' as is_own,
        judged.is_row,
        judged.channel <> '' and judged.known is not null as is_channel,
        judged.figure,
        judged.kind,
        judged.known,
        judged.is_unknown,
        judged.is_unknown and judged.no_rate as no_rate,
        judged.is_silent,
        judged.first_currency,
        judged.last_currency,
        judged.loaded_at
    from judged
    where judged.partnership_id = ''
    union all
    select
        deal.platform,
        deal.date,
        false,
        false,
        deal.figure = 'commission_paid',
        deal.figure,
        deal.kind,
        deal.known,
        deal.is_unknown,
        deal.no_rate,
        deal.is_silent,
        deal.first_currency,
        deal.last_currency,
        deal.loaded_at
    from deal
),
of_platform as (
    select
        part.platform,
        part.date,
        part.figure,
        bool_or(part.is_row) as is_row,
        bool_or(part.is_channel) or part.kind = 'aside' as has_channel,
        max(case when part.is_own then part.known end) as own,
        sum(case when not part.is_own then part.known end) as parts,
        bool_or(part.is_unknown) as is_unknown,
        bool_or(part.no_rate) as no_rate,
        bool_or(part.is_silent) as is_silent,
        min(case when part.is_own then part.first_currency end) as own_first,
        max(case when part.is_own then part.last_currency end) as own_last,
        min(case when not part.is_own then part.first_currency end) as parts_first,
        max(case when not part.is_own then part.last_currency end) as parts_last,
        min(case when part.is_own then part.loaded_at end) as own_loaded,
        min(case when not part.is_own then part.loaded_at end) as parts_loaded
    from part
    group by part.platform, part.date, part.figure, part.kind
),
every_figure as (
    select
        judged.platform,
        judged.date,
        judged.channel,
        judged.partnership_id,
        judged.figure,
        judged.known,
        judged.is_unknown,
        judged.is_unknown and judged.no_rate as no_rate,
        judged.is_silent,
        judged.first_currency,
        judged.last_currency,
        judged.loaded_at
    from judged
    where judged.channel <> ''
    union all
    select
        deal.platform,
        deal.date,
        '',
        deal.partnership_id,
        deal.figure,
        deal.known,
        deal.is_unknown,
        deal.no_rate,
        deal.is_silent,
        deal.first_currency,
        deal.last_currency,
        deal.loaded_at
    from deal
    where deal.is_row
    union all
    select
        of_platform.platform,
        of_platform.date,
        '',
        '',
        of_platform.figure,
        case
            when of_platform.own is not null then of_platform.own
            when of_platform.has_channel and not of_platform.is_unknown then of_platform.parts
        end,
        of_platform.own is null and of_platform.is_unknown,
        of_platform.own is null and of_platform.no_rate,
        of_platform.own is null and of_platform.is_silent,
        case
            when of_platform.own is not null then of_platform.own_first else
                coalesce(of_platform.parts_first, of_platform.own_first)
        end,
        case
            when of_platform.own is not null then of_platform.own_last else
                coalesce(of_platform.parts_last, of_platform.own_last)
        end,
        case when of_platform.own is not null then of_platform.own_loaded else of_platform.parts_loaded end
    from of_platform
    where of_platform.is_row
)
select
    every_figure.platform::varchar as platform,              -- whose figures they are
    every_figure.date::date as date,                         -- the day, as the platform's team counts it
    every_figure.channel::varchar as channel,                -- channel; '' is the total of all channels
    every_figure.partnership_id::varchar as partnership_id,
    -- deal; with a channel '' is what came through none, without one the platform's total
    every_figure.figure::varchar as figure,                  -- column of core.daily_metric, or commission_paid
    every_figure.known::decimal(28, 6) as value,
    -- the figure, amounts in currency; empty where it is not known
    every_figure.is_unknown::boolean as is_unknown,
    -- whether there is probably one that is not known: late, without a rate, or not told by a channel that has a row
    every_figure.no_rate::boolean as no_rate,                -- whether it is not known for want of a rate
    every_figure.is_silent::boolean as is_silent,            -- whether it is, or holds, a 0 of a feed that goes on
    calendar.currency::varchar as currency,             -- currency of amounts: the platform's reporting currency
    every_figure.first_currency::varchar as first_currency,
    -- of an amount, the delivered currency that comes first in the alphabet; empty where none was delivered
    every_figure.last_currency::varchar as last_currency,    -- the one that comes last
    calendar.is_simulated::boolean as is_simulated,     -- true where figures of the platform's day are made up
    every_figure.loaded_at::timestamp as loaded_at  -- when this warehouse knew it, the earliest of its parts, UTC
from every_figure
join calendar on calendar.platform = every_figure.platform and calendar.date = every_figure.date
where every_figure.known is not null or every_figure.is_unknown or every_figure.figure = 'orders'
