-- What a new buyer costs by channel over a span, with the exact 95 % interval, beside what the ad platforms claim and
-- what one costs on the whole platform; channel '' is the platform.
-- Three bases, never mixed: last touch of the shop's own orders (cac), orders that ad platforms report (claims), and
-- all spend over all new buyers (blended).
-- grain: platform, channel, span, date
-- twin: no
-- portable: yes
-- daily: date, 92
-- contract: deliveries
with spent as (
    select
        period.*,
        concat_ws(
            '+',
            case when period.marketing_spend is not null then 'marketing_spend' end,
            case when period.subsidies is not null then 'subsidies' end,
            case when period.commission_paid is not null then 'commission' end
        ) as parts,
        case
            when
                not coalesce(period.spend_has_gaps, false)
                and period.rateless_days = 0
                and (
                    period.marketing_spend is not null
                    or period.subsidies is not null
                    or period.commission_paid is not null
                )
                then
                    coalesce(period.marketing_spend, 0)
                    + coalesce(period.subsidies, 0)
                    + coalesce(period.commission_paid, 0)
        end as loaded,
        likely.low as mean_low,
        likely.high as mean_high,
        likely_kept.low as kept_low,
        likely_kept.high as kept_high,
        bool_or(
            period.channel not in ('', 'unattributed')
            and period.marketing_spend is null
            and period.year_spend > 0
            and period.orders > 0
        ) over (partition by period.platform, period.span, period.date) as lacks_channel
    from steps.channel_period as period
    left join steps.count_interval as likely on likely.date = period.date and likely.events = period.new_buyers
    left join
        steps.count_interval as likely_kept
        on likely_kept.date = period.date and likely_kept.events = period.new_buyers_kept
),
-- Up to which day all figures of a cost are settled; a total is made of those of every channel.
age as (
    select
        settling.platform,
        settling.channel,
        settling.settled_to
    from steps.settling_age as settling
    where settling.metric in ('marketing_spend', 'subsidies', 'commission', 'reported_orders', 'new_buyers')
),
settled as (
    select
        age.platform,
        age.channel,
        min(age.settled_to) as settled_to
    from age
    where age.channel <> ''
    group by age.platform, age.channel
    union all
    select
        age.platform,
        '',
        min(age.settled_to)
    from age
    group by age.platform
),
compared as (
    select
        spent.*,
        coalesce(settled.settled_to < spent.last_delivered, false) as is_unsettled,
        cast(spent.marketing_spend as double) as paid,
        cast(spent.new_buyers as double) as won,
        cast(total.marketing_spend as double) as platform_paid,
        cast(total.new_buyers as double) as platform_won,
        total.mean_low as platform_low,
        total.mean_high as platform_high,
        total.last_delivered as platform_last,
        total.days < date_diff('day', total.first_delivered, total.last_delivered) + 1 as has_holes,
        case
            when spent.year_days >= 90 and spent.year_spend > 0
                then cast(spent.year_spend as double) / nullif(cast(spent.year_new_buyers as double), 0)
        end as year_cac,
        cast(spent.marketing_spend - before.marketing_spend as double) as more_spent,
        cast(spent.new_buyers as double) - cast(before.new_buyers as double) as more_won,
        cast(spent.new_buyers as double)
        - cast(before.new_buyers as double)
        - sqrt(
            (spent.new_buyers - spent.mean_low) * (spent.new_buyers - spent.mean_low)
            + (before.mean_high - before.new_buyers) * (before.mean_high - before.new_buyers)
        ) as more_won_low,
        cast(spent.new_buyers as double)
        - cast(before.new_buyers as double)
        + sqrt(
            (spent.mean_high - spent.new_buyers) * (spent.mean_high - spent.new_buyers)
            + (before.new_buyers - before.mean_low) * (before.new_buyers - before.mean_low)
        ) as more_won_high,
        case
            when spent.channel = 'unattributed' then 'unattributed'
            when spent.marketing_spend is null then 'missing_spend'
            when spent.new_buyers is null then 'missing_new_buyers'
            when spent.marketing_spend <= 0 then 'no_spend'
            when spent.new_buyers <= 0 then 'no_new_buyers'
            else 'ok'
        end as validity
    from spent
    left join
        spent as total
        on
            total.platform = spent.platform
            and total.channel = ''
            and total.span = spent.span
            and total.date = spent.date
    left join
        settled
        on
            settled.platform = spent.platform
            and settled.channel = case when spent.channel = 'unattributed' then '' else spent.channel end
    left join
        spent as before
        on
            before.platform = spent.platform
            and before.channel = spent.channel
            and before.span = spent.span
            and before.date = spent.first_day - 1
),
judged as (
    select
        compared.*,
        case
            when
                compared.channel = 'unattributed'
                or compared.marketing_spend is null
                or compared.new_buyers is null
                then compared.validity
            when compared.platform_last < compared.date then 'window_open'
            when compared.more_spent is null or compared.more_won is null then 'missing_previous_window'
            when compared.more_spent = 0 or (compared.more_won_low <= 0 and compared.more_won_high >= 0)
                then 'change_within_noise'
            when compared.more_spent > 0 and compared.more_won < 0 then 'spend_up_adds_down'
            when compared.more_spent < 0 and compared.more_won > 0 then 'spend_down_adds_up'
            else 'ok'
        end as marginal_validity,
        list_filter([
            case when compared.lacks_channel and compared.channel = '' then 'channel_without_spend' end,
            case when compared.above_total_days > 0 then 'channels_above_total' end,
            case when compared.is_translated then 'currency_translated' end,
            case when compared.has_holes then 'late_data' end,
            case when compared.late_days > 0 then 'late_spend' end,
            case when compared.duplicate_excess > 0 then 'larger_duplicate' end,
            case when compared.rateless_days > 0 then 'no_rate' end,
            case
                when compared.marketing_spend is not null and compared.spend_reporting is null
                    then 'no_reporting_rate'
            end,
            case when compared.orders_without_buyer > 0 then 'orders_without_buyer' end,
            case when compared.silent_days > 0 then 'silent_spend' end,
            case when compared.new_buyers < 30 and compared.channel <> 'unattributed' then 'small_n' end,
            case when compared.two_currencies then 'two_currencies' end,
            case when compared.is_unsettled then 'unsettled' end,
            case when compared.platform_last < compared.date then 'window_open' end
        ], lambda flag: flag is not null) as flags
    from compared
)
select
    judged.platform::varchar as platform,              -- whose figures they are
    judged.channel::varchar as channel,
    -- channel; '' is the platform, unattributed what its total has and no channel
    judged.span::varchar as span,                      -- length of the window that ends on the day, see core.term
    judged.date::date as date,                         -- last day of the span
    judged.first_day::date as first_day,               -- first day of the span
    judged.days::integer as days,                      -- days with a row of the channel
    judged.currency::varchar as currency,              -- currency of the amounts
    judged.marketing_spend::decimal(28, 6) as marketing_spend,
    -- spent on marketing, in currency; below 0 where corrections are larger
    judged.duplicate_spend::decimal(28, 6) as duplicate_spend,
    -- spend that an account repeats, in currency; in no cost
    judged.duplicate_excess::decimal(28, 6) as duplicate_excess,
    -- by how much such spend is above what it repeats on the days on which it is, in currency; in no cost
    judged.subsidies::decimal(28, 4) as subsidies,     -- coupons and subsidies paid by the platform, in currency
    judged.commission_paid::decimal(28, 4) as commission_paid,
    -- commission of the deals in which the platform pays it, in currency
    judged.clicks::bigint as clicks,                   -- clicks on ads
    judged.orders::bigint as orders,                   -- orders placed, by last touch
    judged.orders_without_buyer::bigint as orders_without_buyer,
    -- orders counted one by one that tell no buyer: new_buyers has none of theirs
    judged.reported_orders::decimal(28, 4) as reported_orders,  -- orders that ad platforms and networks claim
    judged.new_buyers::bigint as new_buyers,           -- persons whose first order it was, whatever became of it
    judged.new_buyers_kept::bigint as new_buyers_kept,
    -- persons whose first order that was not cancelled it was
    (case when judged.validity = 'ok' then judged.paid / nullif(judged.won, 0) end)::double as cac,
    -- marketing_spend for one of new_buyers, in currency; empty where validity is a reason
    (case when judged.validity in ('ok', 'no_new_buyers') then judged.paid / nullif(judged.mean_high, 0) end)::double
        as cac_low,                                    -- least true cost, 95 %; without new buyers spend / 3.689
    (case when judged.validity = 'ok' then judged.paid / nullif(judged.mean_low, 0) end)::double as cac_high,
    -- greatest true cost, 95 %; empty without new buyers
    judged.validity::varchar as validity,              -- of cac: whether there is a number, or why not, see core.term
    (
        case
            when judged.validity in ('ok', 'no_new_buyers')
                then judged.paid / nullif(cast(judged.new_buyers_kept as double), 0)
        end
    )::double as cac_kept,                             -- marketing_spend for one of new_buyers_kept, in currency
    (case when judged.validity in ('ok', 'no_new_buyers') then judged.paid / nullif(judged.kept_high, 0) end)::double
        as cac_kept_low,                               -- least true cost of one of these, 95 %
    (case when judged.validity in ('ok', 'no_new_buyers') then judged.paid / nullif(judged.kept_low, 0) end)::double
        as cac_kept_high,                              -- greatest true cost of one of these, 95 %
    (
        case
            when judged.marketing_spend > 0 and judged.reported_orders > 0 and judged.validity <> 'unattributed'
                then judged.paid / nullif(cast(judged.reported_orders as double), 0)
        end
    )::double as cost_per_reported_order,
    -- marketing_spend for one of reported_orders, in currency: the ad platforms' claim, without an interval
    (cast(judged.reported_orders as double) / nullif(cast(judged.orders as double), 0))::double as claims_per_order,
    -- reported_orders for one of orders; above 1 more is claimed than there was
    judged.loaded::decimal(28, 6) as loaded_spend,     -- marketing_spend, subsidies and commission_paid, in currency
    nullif(judged.parts, '')::varchar as spend_parts,  -- what of marketing_spend, subsidies and commission is in it
    (
        case
            when judged.loaded > 0 and judged.validity <> 'unattributed'
                then cast(judged.loaded as double) / nullif(judged.won, 0)
        end
    )::double as loaded_cac,                           -- loaded_spend for one of new_buyers, in currency
    (
        case
            when judged.loaded > 0 and judged.validity <> 'unattributed'
                then cast(judged.loaded as double) / nullif(judged.mean_high, 0)
        end
    )::double as loaded_cac_low,                       -- least true cost, 95 %
    (
        case
            when judged.loaded > 0 and judged.validity <> 'unattributed'
                then cast(judged.loaded as double) / nullif(judged.mean_low, 0)
        end
    )::double as loaded_cac_high,                      -- greatest true cost, 95 %; empty without new buyers
    (case when judged.platform_paid > 0 then judged.platform_paid / nullif(judged.platform_won, 0) end)::double
        as blended_cac,
    -- marketing_spend of the platform for one of its new buyers, over all channels, in currency
    (case when judged.platform_paid > 0 then judged.platform_paid / nullif(judged.platform_high, 0) end)::double
        as blended_cac_low,                            -- least true cost, 95 %
    (case when judged.platform_paid > 0 then judged.platform_paid / nullif(judged.platform_low, 0) end)::double
        as blended_cac_high,                           -- greatest true cost, 95 %; empty without new buyers
    (judged.paid / nullif(judged.platform_paid, 0))::double as spend_share,  -- of the platform's marketing_spend
    (judged.won / nullif(judged.platform_won, 0))::double as new_buyer_share,  -- of the platform's new buyers
    (case when judged.validity <> 'unattributed' then judged.year_cac end)::double as year_cac,
    -- the same over the 365 days up to the last one delivered, of days with both spend and new buyers; empty with fewer
    -- than 90 of them
    (case when judged.validity = 'ok' then judged.paid / nullif(judged.won, 0) / nullif(judged.year_cac, 0) end)::double
        as against_year,                               -- cac in year_cac; above 1 it is dearer than over the year
    (case when judged.marginal_validity = 'ok' then judged.more_spent / nullif(judged.more_won, 0) end)::double
        as marginal_cac,
    -- change of marketing_spend for one of the change of new_buyers, against the span before, in currency
    (
        case
            when judged.marginal_validity = 'ok' and judged.more_spent > 0
                then judged.more_spent / nullif(judged.more_won_high, 0)
            when judged.marginal_validity = 'ok' then judged.more_spent / nullif(judged.more_won_low, 0)
        end
    )::double as marginal_cac_low,                     -- least true one, 95 %
    (
        case
            when judged.marginal_validity = 'ok' and judged.more_spent > 0
                then judged.more_spent / nullif(judged.more_won_low, 0)
            when judged.marginal_validity = 'ok' then judged.more_spent / nullif(judged.more_won_high, 0)
        end
    )::double as marginal_cac_high,                    -- greatest true one, 95 %
    judged.marginal_validity::varchar as marginal_validity,
    -- of marginal_cac: whether there is a number, or why not, see core.term
    judged.reporting_currency::varchar as reporting_currency,
    -- ISO 4217 code of the currency in which platforms are compared
    judged.spend_reporting::decimal(28, 6) as spend_reporting,
    -- marketing_spend in it, each day by its rate; empty where a day has none
    (case when judged.validity = 'ok' then cast(judged.spend_reporting as double) / nullif(judged.won, 0) end)::double
        as cac_reporting,                              -- cac in it
    (
        case
            when judged.validity in ('ok', 'no_new_buyers')
                then cast(judged.spend_reporting as double) / nullif(judged.mean_high, 0)
        end
    )::double as cac_reporting_low,                    -- least true cost, 95 %
    (
        case
            when judged.validity = 'ok'
                then cast(judged.spend_reporting as double) / nullif(judged.mean_low, 0)
        end
    )::double as cac_reporting_high,                   -- greatest true cost, 95 %; empty without new buyers
    judged.flags::varchar[] as flags,                  -- what a reader must know
    judged.is_simulated::boolean as is_simulated       -- true where figures of a day are made up
from judged
