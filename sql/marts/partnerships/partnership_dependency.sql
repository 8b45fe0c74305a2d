-- How far a platform depends on its partners over a span: how concentrated they are, and what would be gone with the
-- largest.
-- grain: platform, span, date
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with partner as (
    select
        cost.platform,
        cost.partnership_id,
        cost.span,
        cost.date,
        cost.new_buyers,
        cost.platform_new_buyers,
        cost.is_count_unsettled
    from steps.partnership_cost as cost
    where cost.new_buyers is not null
),
pooled as (
    select
        partner.platform,
        partner.span,
        partner.date,
        count(*) as partners,
        bool_or(partner.is_count_unsettled) as is_unsettled,
        sum(partner.new_buyers) as new_buyers,
        sum(cast(partner.new_buyers as decimal(18, 0)) * cast(partner.new_buyers as decimal(18, 0))) as squares,
        case when count(partner.platform_new_buyers) = count(*) then max(partner.platform_new_buyers) end
            as platform_new_buyers
    from partner
    group by partner.platform, partner.span, partner.date
),
largest as (
    select
        partner.platform,
        partner.span,
        partner.date,
        partner.partnership_id,
        partner.new_buyers
    from partner
    where partner.new_buyers > 0
    qualify
        row_number()
            over (
                partition by partner.platform, partner.span, partner.date
                order by partner.new_buyers desc, partner.partnership_id
            )
        = 1
),
unknown as (
    select
        cost.platform,
        cost.span,
        cost.date,
        count(*) as partners
    from steps.partnership_cost as cost
    where cost.new_buyers is null
    group by cost.platform, cost.span, cost.date
),
worth as (
    select
        period.platform,
        period.partnership_id,
        period.span,
        period.date,
        period.net_gmv,
        total.net_gmv as platform_net_gmv
    from steps.partnership_period as period
    left join
        steps.partnership_period as total
        on
            total.platform = period.platform
            and total.span = period.span
            and total.date = period.date
            and total.partnership_id = ''
            and total.days >= period.days
    where period.partnership_id <> ''
)
select
    pooled.platform::varchar as platform,                  -- who depends
    pooled.span::varchar as span,                          -- length of the window that ends on the day, see core.term
    pooled.date::date as date,                             -- last day of the span
    pooled.partners::integer as partners,                  -- partnerships with a count of new buyers
    pooled.new_buyers::bigint as partner_new_buyers,       -- new buyers they brought
    pooled.platform_new_buyers::bigint as platform_new_buyers,
    -- new buyers of the platform; empty without its total on as many days
    (cast(pooled.new_buyers as double) / nullif(cast(pooled.platform_new_buyers as double), 0))::double
        as partner_share,  -- of the platform's new buyers those through partners, 0 to 1
    (
        cast(pooled.squares as double)
        / nullif(cast(pooled.new_buyers as double) * cast(pooled.new_buyers as double), 0)
    )::double as hhi,  -- Herfindahl-Hirschman index of the partners' new buyers, 1 / partners to 1
    largest.partnership_id::varchar as top_partnership_id,
    -- who would be missed most; empty where nobody brought a new buyer
    largest.new_buyers::bigint as top_new_buyers,          -- new buyers through it, who would be gone
    (cast(largest.new_buyers as double) / nullif(cast(pooled.new_buyers as double), 0))::double
        as top_share_of_partners,                          -- of the partners' new buyers, 0 to 1
    (cast(largest.new_buyers as double) / nullif(cast(pooled.platform_new_buyers as double), 0))::double
        as top_share_of_platform,                          -- of the platform's new buyers, 0 to 1
    (
        cast(worth.net_gmv as double)
        / nullif(case when worth.platform_net_gmv > 0 then cast(worth.platform_net_gmv as double) end, 0)
    )::double as top_share_of_net_gmv,                     -- of the platform's net GMV, 0 to 1
    list_filter([
        case when pooled.new_buyers > pooled.platform_new_buyers then 'attribution_overlap' end,
        case when unknown.partners > 0 then 'missing_figures' end,
        case when pooled.platform_new_buyers is null then 'no_platform_total' end,
        case
            when cast(largest.new_buyers as double) / nullif(cast(pooled.platform_new_buyers as double), 0) >= 0.25
                then 'single_partner_dependency'
        end,
        case when pooled.new_buyers < 30 then 'small_n' end,
        case when pooled.is_unsettled then 'unsettled' end
    ], lambda flag: flag is not null)::varchar[] as flags  -- what a reader must know
from pooled
left join largest on largest.platform = pooled.platform and largest.span = pooled.span and largest.date = pooled.date
left join unknown on unknown.platform = pooled.platform and unknown.span = pooled.span and unknown.date = pooled.date
left join
    worth
    on
        worth.platform = pooled.platform
        and worth.span = pooled.span
        and worth.date = pooled.date
        and worth.partnership_id = largest.partnership_id
