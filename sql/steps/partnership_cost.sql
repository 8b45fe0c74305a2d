-- What a new buyer cost through a partnership over a span, with the exact 95 % interval, beside what one cost on the whole platform.
-- Spend is marketing and subsidies, and on the side that pays it the commission; spend_parts says which of them were delivered.
-- grain: platform, partnership_id, span, date
-- twin: no
-- portable: yes
-- daily: date
with spent as (
    select
        p.*, concat_ws('+', case when p.marketing_spend is not null then 'marketing_spend' end, case when p.subsidies is not null then 'subsidies' end,
            case when p.side = 'pays' and p.commission is not null then 'commission' end) as parts,
        coalesce(p.marketing_spend, 0) + coalesce(p.subsidies, 0) + coalesce(p.commission_paid, 0) as amount, coalesce(p.spend_has_gaps, false) or p.rateless_days > 0 as is_partial
    from steps.partnership_period as p
),
paired as (
    select
        s.platform, s.partnership_id, s.span, s.date, s.currency, s.side, s.new_buyers, s.parts,
        case when s.is_partial or s.parts = '' then null else s.amount end as spend,
        t.new_buyers as platform_new_buyers, t.days as platform_days,
        case when t.is_partial or t.parts = '' or t.parts <> replace(s.parts, '+commission', '') then null else t.amount end as platform_spend
    from spent as s
    left join spent as t on t.platform = s.platform and t.span = s.span and t.date = s.date and t.partnership_id = '' and t.days >= s.days
    where s.partnership_id <> ''
),
judged as (
    select
        p.*, cast(p.spend as double) as paid, cast(p.new_buyers as double) as won, sqrt(cast(p.new_buyers as double)) as low_root, sqrt(cast(p.new_buyers as double) + 1) as high_root,
        i.low as exact_low, i.high as exact_high,
        case when p.spend is null then 'missing_spend' when p.new_buyers is null then 'missing_new_buyers' when p.spend = 0 then 'no_spend'
            when p.new_buyers = 0 then 'no_new_buyers' else 'ok' end as validity
    from paired as p
    left join core.poisson_interval as i on i.events = p.new_buyers
),
bounded as (
    select
        j.*, coalesce(j.exact_low, j.won - 1.959963984540054 * j.low_root + 0.9471529402313751 + 0.17196185986461623 / nullif(j.low_root, 0)
            - 0.06809954241743825 / nullif(j.won, 0) - 0.03444176509221394 / nullif(j.won * j.low_root, 0)) as mean_low,
        coalesce(j.exact_high, j.won + 1 + 1.959963984540054 * j.high_root + 0.9471529402313751 - 0.17196185986461623 / j.high_root
            - 0.06809954241743825 / (j.won + 1) + 0.03444176509221394 / ((j.won + 1) * j.high_root)) as mean_high
    from judged as j
)
select
    b.platform::varchar            as platform,       -- whose figures they are
    b.partnership_id::varchar      as partnership_id, -- identifier of the deal
    b.span::varchar                as span,           -- length of the window that ends on the day, see core.term
    b.date::date                   as date,           -- last day of the span
    b.currency::varchar            as currency,       -- currency of the amounts
    b.side::varchar                as side,           -- whether the platform pays or receives the commission; empty where the deal does not say
    b.spend::decimal(28, 4)        as spend,          -- what the partnership cost, in currency
    nullif(b.parts, '')::varchar   as spend_parts,    -- what of marketing_spend, subsidies and commission is in it
    b.new_buyers::bigint           as new_buyers,     -- persons whose first order it was
    (case when b.validity = 'ok' then b.paid / nullif(b.won, 0) end)::double as partner_cac, -- spend for one of them, in currency; empty where validity is a reason
    (case b.validity when 'ok' then b.paid / nullif(b.mean_high, 0) when 'no_new_buyers' then b.paid / 3 end)::double as partner_cac_low, -- least true cost, 95 %; of no new buyers spend / 3, one-sided
    (case b.validity when 'ok' then b.paid / nullif(b.mean_low, 0) end)::double as partner_cac_high, -- greatest true cost, 95 %; empty without new buyers
    b.validity::varchar            as validity,       -- whether there is a number, or why not, see core.term
    b.platform_spend::decimal(28, 4) as platform_spend, -- the same parts on the whole platform, with the commission of every deal where it pays, in currency
    b.platform_new_buyers::bigint  as platform_new_buyers, -- new buyers of the whole platform; empty without its total
    b.platform_days::integer       as platform_days,  -- days of the platform's total; empty where it has fewer than the partnership
    (cast(b.platform_spend as double) / nullif(cast(b.platform_new_buyers as double), 0))::double as blended_cac, -- spend for a new buyer on the whole platform, in currency
    (cast(b.new_buyers as double) / nullif(cast(b.platform_new_buyers as double), 0))::double as share_of_new_buyers -- of the platform's, 0 to 1; above 1 where both count differently
from bounded as b
