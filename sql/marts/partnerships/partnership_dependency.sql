-- How far a platform depends on its partners over a span: how concentrated they are, and what would be gone with the largest.
-- grain: platform, span, date
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with partner as (
    select c.platform, c.partnership_id, c.span, c.date, c.new_buyers, c.platform_new_buyers
    from steps.partnership_cost as c
    where c.new_buyers is not null
),
pooled as (
    select
        p.platform, p.span, p.date, count(*) as partners, sum(p.new_buyers) as new_buyers, sum(cast(p.new_buyers as decimal(18, 0)) * cast(p.new_buyers as decimal(18, 0))) as squares,
        case when count(p.platform_new_buyers) = count(*) then max(p.platform_new_buyers) end as platform_new_buyers
    from partner as p
    group by p.platform, p.span, p.date
),
largest as (
    select p.platform, p.span, p.date, p.partnership_id, p.new_buyers
    from partner as p
    where p.new_buyers > 0
    qualify row_number() over (partition by p.platform, p.span, p.date order by p.new_buyers desc, p.partnership_id) = 1
),
unknown as (
    select c.platform, c.span, c.date, count(*) as partners
    from steps.partnership_cost as c
    where c.new_buyers is null
    group by c.platform, c.span, c.date
),
worth as (
    select p.platform, p.partnership_id, p.span, p.date, p.net_gmv, t.net_gmv as platform_net_gmv
    from steps.partnership_period as p
    left join steps.partnership_period as t on t.platform = p.platform and t.span = p.span and t.date = p.date and t.partnership_id = '' and t.days >= p.days
    where p.partnership_id <> ''
)
select
    p.platform::varchar         as platform,            -- who depends
    p.span::varchar             as span,                -- length of the window that ends on the day, see core.term
    p.date::date                as date,                -- last day of the span
    p.partners::integer         as partners,            -- partnerships with a count of new buyers
    p.new_buyers::bigint        as partner_new_buyers,  -- new buyers they brought
    p.platform_new_buyers::bigint as platform_new_buyers, -- new buyers of the platform; empty without its total on as many days
    (cast(p.new_buyers as double) / nullif(cast(p.platform_new_buyers as double), 0))::double as partner_share, -- of the platform's new buyers those through partners, 0 to 1
    (cast(p.squares as double) / nullif(cast(p.new_buyers as double) * cast(p.new_buyers as double), 0))::double as hhi, -- Herfindahl-Hirschman index of the partners' new buyers, 1 / partners to 1
    l.partnership_id::varchar   as top_partnership_id,  -- who would be missed most; empty where nobody brought a new buyer
    l.new_buyers::bigint        as top_new_buyers,      -- new buyers through it, who would be gone
    (cast(l.new_buyers as double) / nullif(cast(p.new_buyers as double), 0))::double as top_share_of_partners, -- of the partners' new buyers, 0 to 1
    (cast(l.new_buyers as double) / nullif(cast(p.platform_new_buyers as double), 0))::double as top_share_of_platform, -- of the platform's new buyers, 0 to 1
    (cast(w.net_gmv as double) / nullif(case when w.platform_net_gmv > 0 then cast(w.platform_net_gmv as double) end, 0))::double as top_share_of_net_gmv, -- of the platform's net GMV, 0 to 1
    list_filter([
        case when p.new_buyers > p.platform_new_buyers then 'attribution_overlap' end,
        case when u.partners > 0 then 'missing_figures' end,
        case when p.platform_new_buyers is null then 'no_platform_total' end,
        case when cast(l.new_buyers as double) / nullif(cast(p.platform_new_buyers as double), 0) >= 0.25 then 'single_partner_dependency' end,
        case when p.new_buyers < 30 then 'small_n' end
    ], lambda f: f is not null)::varchar[] as flags     -- what a reader must know
from pooled as p
left join largest as l on l.platform = p.platform and l.span = p.span and l.date = p.date
left join unknown as u on u.platform = p.platform and u.span = p.span and u.date = p.date
left join worth as w on w.platform = p.platform and w.span = p.span and w.date = p.date and w.partnership_id = l.partnership_id
