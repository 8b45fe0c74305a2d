-- What a partnership brought to a platform over a day, 28 days, a week or a month, what it cost, and what a reader must
-- know of it.
-- grain: platform, partnership_id, span, date
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with deal as (
    select
        period.*,
        partnership.effective_on,
        partnership.ended_on,
        total.last_delivered as platform_last,
        total.platform is not null as has_total,
        greatest(period.first_day, coalesce(partnership.effective_on, period.first_delivered)) as due_from,
        least(period.date, partnership.ended_on, coalesce(total.last_delivered, period.last_delivered)) as due_to
    from steps.partnership_period as period
    left join core.partnership as partnership on partnership.partnership_id = period.partnership_id
    left join
        steps.partnership_period as total
        on
            total.platform = period.platform
            and total.span = period.span
            and total.date = period.date
            and total.partnership_id = ''
    where period.partnership_id <> ''
),
partners as (
    select
        period.platform,
        period.span,
        period.date,
        max(case when period.partnership_id = '' then period.new_buyers end)
        < sum(case when period.partnership_id <> '' then period.new_buyers end)
        or max(case when period.partnership_id = '' then period.orders end)
        < sum(case when period.partnership_id <> '' then period.orders end)
        or max(case when period.partnership_id = '' then period.gmv end)
        < sum(case when period.partnership_id <> '' then period.gmv end) as is_over
    from steps.partnership_period as period
    group by period.platform, period.span, period.date
),
same_pair as (
    select
        deal.partnership_id,
        other.partnership_id as other_id
    from core.partnership as deal
    join
        core.partnership as other
        on
            other.traffic_partner = deal.traffic_partner
            and other.supply_partner = deal.supply_partner
            and other.partnership_id <> deal.partnership_id
),
side_by_side as (
    select distinct
        period.platform,
        period.partnership_id,
        period.span,
        period.date
    from same_pair join steps.partnership_period as period on period.partnership_id = same_pair.partnership_id
    join
        steps.partnership_period as other
        on
            other.partnership_id = same_pair.other_id
            and other.platform = period.platform
            and other.span = period.span
            and other.date = period.date
    where other.first_delivered <= period.last_delivered and period.first_delivered <= other.last_delivered
),
judged as (
    select
        deal.*,
        cost.spend,
        cost.spend_parts,
        cost.partner_cac,
        cost.partner_cac_low,
        cost.partner_cac_high,
        cost.validity,
        cost.blended_cac,
        cost.share_of_new_buyers,
        list_filter([
            case when coalesce(partners.is_over, false) then 'attribution_overlap' end,
            case when deal.is_translated then 'currency_translated' end,
            case when deal.ended_on >= deal.first_day and deal.ended_on < deal.date then 'ends_mid_window' end,
            case when deal.refund_days < deal.days then 'immature_refunds' end,
            case when deal.days < date_diff('day', deal.due_from, deal.due_to) + 1 then 'late_data' end,
            case
                when deal.orders is null or deal.new_buyers is null or deal.net_gmv is null or deal.spend_has_gaps
                    then 'missing_figures'
            end,
            case when not deal.has_total then 'no_platform_total' end,
            case when deal.rateless_days > 0 then 'no_rate' end,
            case when deal.orders_without_buyer > 0 then 'orders_without_buyer' end,
            case
                when deal.first_delivered < deal.effective_on or deal.last_delivered > deal.ended_on then 'outside_deal'
            end,
            case when side_by_side.platform is not null then 'overlapping_deal' end,
            case when deal.net_gmv < 0 then 'returns_exceed_sales' end,
            case when cost.share_of_new_buyers >= 0.25 then 'single_partner_dependency' end,
            case when deal.new_buyers < 30 then 'small_n' end,
            case
                when deal.effective_on > deal.first_day and deal.effective_on <= deal.date then 'starts_mid_window'
            end,
            case when deal.two_currencies then 'two_currencies' end,
            case when cost.is_unsettled then 'unsettled' end,
            case when deal.platform_last < deal.date then 'window_open' end
        ], lambda flag: flag is not null) as flags
    from deal
    join
        steps.partnership_cost as cost
        on
            cost.platform = deal.platform
            and cost.partnership_id = deal.partnership_id
            and cost.span = deal.span
            and cost.date = deal.date
    left join partners on partners.platform = deal.platform and partners.span = deal.span and partners.date = deal.date
    left join
        side_by_side
        on
            side_by_side.platform = deal.platform
            and side_by_side.partnership_id = deal.partnership_id
            and side_by_side.span = deal.span
            and side_by_side.date = deal.date
)
select
    judged.platform::varchar as platform,                       -- whose figures they are
    judged.partnership_id::varchar as partnership_id,           -- identifier of the deal
    judged.span::varchar as span,  -- length of the window that ends on the day, see core.term
    judged.date::date as date,                                  -- last day of the span
    judged.days::integer as days,                               -- days delivered
    judged.currency::varchar as currency,                       -- currency of the amounts
    judged.orders::bigint as orders,                            -- orders placed
    judged.gmv::decimal(28, 4) as gmv,                          -- value of the orders placed, in currency
    judged.net_gmv::decimal(28, 4) as net_gmv,  -- without what was cancelled or refunded so far, in currency
    (cast(judged.gmv as double) / nullif(cast(judged.orders as double), 0))::double as average_order_value,
    -- value of an order placed, in currency
    judged.commission::decimal(28, 4) as commission,            -- commission between platform and partner, in currency
    (
        case
            when judged.net_gmv > 0 and judged.commission >= 0
                then cast(judged.commission as double) / nullif(cast(judged.net_gmv as double), 0)
        end
    )::double as take_rate,  -- commission in net GMV, 0 to 1; empty where net GMV is not positive or commission below 0
    (cast(judged.mature_refunded as double) / nullif(cast(judged.mature_gmv as double), 0))::double as refund_rate,
    -- refunded of what was sold and not cancelled on days whose refunds had 30 days, 0 to 1; empty without such a day
    (cast(judged.repeated_30 as double) / nullif(cast(judged.buyers_30 as double), 0))::double as repeat_30,
    -- of buyers whose 30 days ended in the span, those with a kept order on a later day within them, 0 to 1
    (cast(judged.repeated_60 as double) / nullif(cast(judged.buyers_60 as double), 0))::double as repeat_60,
    -- the same for 60 days
    (cast(judged.repeated_90 as double) / nullif(cast(judged.buyers_90 as double), 0))::double as repeat_90,
    -- the same for 90 days
    judged.spend::decimal(28, 6) as spend,                      -- what the partnership cost, in currency
    judged.spend_parts::varchar as spend_parts,  -- what of marketing_spend, subsidies and commission is in it
    (case when judged.side = 'receives' then judged.commission - judged.spend end)::decimal(28, 6) as contribution,
    -- commission received less spend, in currency; empty where the platform pays it, for the margin on goods is not
    -- delivered
    (
        case
            when judged.net_gmv > 0 and judged.spend >= 0
                then cast(judged.spend as double) / nullif(cast(judged.net_gmv as double), 0)
        end
    )::double as break_even_margin,
    -- margin on net GMV that covers spend, 1 is all of it; empty where net GMV is not positive or spend below 0
    judged.new_buyers::bigint as new_buyers,                    -- persons whose first order it was
    judged.orders_without_buyer::bigint as orders_without_buyer,
    -- orders counted one by one that tell no buyer: new_buyers has none of theirs
    judged.share_of_new_buyers::double as share_of_new_buyers,  -- of the platform's, 0 to 1
    judged.partner_cac::double as partner_cac,  -- spend for a new buyer, in currency; empty where validity is a reason
    judged.partner_cac_low::double as partner_cac_low,  -- least true cost, 95 %; without new buyers spend / 3.689
    judged.partner_cac_high::double as partner_cac_high,        -- greatest true cost, 95 %; empty without new buyers
    judged.blended_cac::double as blended_cac,
    -- the same parts of spend for a new buyer on the whole platform, in currency
    (judged.partner_cac / nullif(judged.blended_cac, 0))::double as cac_ratio,
    -- partner_cac in blended_cac; above 1 the partner is dearer
    judged.validity::varchar as validity,  -- of partner_cac: whether there is a number, or why not, see core.term
    judged.flags::varchar[] as flags                            -- what a reader must know
from judged
