-- What a partnership brought to a platform over a day, 28 days, a week or a month, what it cost, and what a reader must know of it.
-- grain: platform, partnership_id, span, date
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with deal as (
    select p.*, d.effective_on, d.ended_on, t.last_delivered as platform_last, t.platform is not null as has_total, greatest(p.first_day, coalesce(d.effective_on, p.first_delivered)) as due_from, least(p.date, d.ended_on, coalesce(t.last_delivered, p.last_delivered)) as due_to
    from steps.partnership_period as p
    left join core.partnership as d on d.partnership_id = p.partnership_id
    left join steps.partnership_period as t on t.platform = p.platform and t.span = p.span and t.date = p.date and t.partnership_id = ''
    where p.partnership_id <> ''
),
partners as (
    select p.platform, p.span, p.date, max(case when p.partnership_id = '' then p.new_buyers end) < sum(case when p.partnership_id <> '' then p.new_buyers end)
        or max(case when p.partnership_id = '' then p.orders end) < sum(case when p.partnership_id <> '' then p.orders end)
        or max(case when p.partnership_id = '' then p.gmv end) < sum(case when p.partnership_id <> '' then p.gmv end) as is_over
    from steps.partnership_period as p
    group by p.platform, p.span, p.date
),
same_pair as (
    select a.partnership_id, b.partnership_id as other_id
    from core.partnership as a join core.partnership as b on b.traffic_partner = a.traffic_partner and b.supply_partner = a.supply_partner and b.partnership_id <> a.partnership_id
),
side_by_side as (
    select distinct a.platform, a.partnership_id, a.span, a.date
    from same_pair as s join steps.partnership_period as a on a.partnership_id = s.partnership_id
    join steps.partnership_period as b on b.partnership_id = s.other_id and b.platform = a.platform and b.span = a.span and b.date = a.date
    where b.first_delivered <= a.last_delivered and a.first_delivered <= b.last_delivered
),
judged as (
    select d.*, c.spend, c.spend_parts, c.partner_cac, c.partner_cac_low, c.partner_cac_high, c.validity, c.blended_cac, c.share_of_new_buyers,
        list_filter([
            case when coalesce(o.is_over, false) then 'attribution_overlap' end, case when d.is_translated then 'currency_translated' end,
            case when d.ended_on >= d.first_day and d.ended_on < d.date then 'ends_mid_window' end,
            case when d.refund_days < d.days then 'immature_refunds' end, case when d.days < date_diff('day', d.due_from, d.due_to) + 1 then 'late_data' end,
            case when d.orders is null or d.new_buyers is null or d.net_gmv is null or d.spend_has_gaps then 'missing_figures' end,
            case when not d.has_total then 'no_platform_total' end, case when d.rateless_days > 0 then 'no_rate' end,
            case when d.first_delivered < d.effective_on or d.last_delivered > d.ended_on then 'outside_deal' end,
            case when s.platform is not null then 'overlapping_deal' end, case when d.net_gmv < 0 then 'returns_exceed_sales' end,
            case when c.share_of_new_buyers >= 0.25 then 'single_partner_dependency' end, case when d.new_buyers < 30 then 'small_n' end,
            case when d.effective_on > d.first_day and d.effective_on <= d.date then 'starts_mid_window' end,
            case when d.two_currencies then 'two_currencies' end, case when d.platform_last < d.date then 'window_open' end
        ], lambda f: f is not null) as flags
    from deal as d
    join steps.partnership_cost as c on c.platform = d.platform and c.partnership_id = d.partnership_id and c.span = d.span and c.date = d.date
    left join partners as o on o.platform = d.platform and o.span = d.span and o.date = d.date
    left join side_by_side as s on s.platform = d.platform and s.partnership_id = d.partnership_id and s.span = d.span and s.date = d.date
)
select
    j.platform::varchar        as platform,            -- whose figures they are
    j.partnership_id::varchar  as partnership_id,      -- identifier of the deal
    j.span::varchar            as span,                -- length of the window that ends on the day, see core.term
    j.date::date               as date,                -- last day of the span
    j.days::integer            as days,                -- days delivered
    j.currency::varchar        as currency,            -- currency of the amounts
    j.orders::bigint           as orders,              -- orders placed
    j.gmv::decimal(28, 4)      as gmv,                 -- value of the orders placed, in currency
    j.net_gmv::decimal(28, 4)  as net_gmv,             -- without what was cancelled or refunded so far, in currency
    (cast(j.gmv as double) / nullif(cast(j.orders as double), 0))::double as average_order_value, -- value of an order placed, in currency
    j.commission::decimal(28, 4) as commission,        -- commission between platform and partner, in currency
    (case when j.net_gmv > 0 then cast(j.commission as double) / nullif(cast(j.net_gmv as double), 0) end)::double as take_rate, -- commission in net GMV, 0 to 1; empty where net GMV is not positive
    (cast(j.mature_refunded as double) / nullif(cast(j.mature_gmv as double), 0))::double as refund_rate, -- refunded of what was sold on days whose refunds had 30 days, 0 to 1; empty without such a day
    (cast(j.repeated_30 as double) / nullif(cast(j.buyers_30 as double), 0))::double as repeat_30, -- of buyers whose 30 days ended in the span, those who ordered again within them, 0 to 1
    (cast(j.repeated_60 as double) / nullif(cast(j.buyers_60 as double), 0))::double as repeat_60, -- the same for 60 days
    (cast(j.repeated_90 as double) / nullif(cast(j.buyers_90 as double), 0))::double as repeat_90, -- the same for 90 days
    j.spend::decimal(28, 4)    as spend,               -- what the partnership cost, in currency
    j.spend_parts::varchar     as spend_parts,         -- what of marketing_spend, subsidies and commission is in it
    (case when j.side = 'receives' then j.commission - j.spend end)::decimal(28, 4) as contribution, -- commission received less spend, in currency; empty where the platform pays it, for the margin on goods is not delivered
    (case when j.net_gmv > 0 then cast(j.spend as double) / nullif(cast(j.net_gmv as double), 0) end)::double as break_even_margin, -- margin on net GMV that covers spend, 1 is all of it; empty where net GMV is not positive
    j.new_buyers::bigint       as new_buyers,          -- persons whose first order it was
    j.share_of_new_buyers::double as share_of_new_buyers, -- of the platform's, 0 to 1
    j.partner_cac::double      as partner_cac,         -- spend for a new buyer, in currency; empty where validity is a reason
    j.partner_cac_low::double  as partner_cac_low,     -- least true cost, 95 %; of no new buyers spend / 3, one-sided
    j.partner_cac_high::double as partner_cac_high,    -- greatest true cost, 95 %; empty without new buyers
    j.blended_cac::double      as blended_cac,         -- the same parts of spend for a new buyer on the whole platform, in currency
    (j.partner_cac / nullif(j.blended_cac, 0))::double as cac_ratio, -- partner_cac in blended_cac; above 1 the partner is dearer
    j.validity::varchar        as validity,            -- of partner_cac: whether there is a number, or why not, see core.term
    j.flags::varchar[]         as flags                -- what a reader must know
from judged as j
