-- What a new buyer cost through a partnership over a span, with the exact 95 % interval, beside what one cost on the
-- whole platform.
-- Spend is marketing and subsidies, and on the side that pays it the commission; spend_parts says which of them were
-- delivered.
-- grain: platform, partnership_id, span, date
-- twin: no
-- portable: yes
-- daily: date
with spent as (
    select
        period.*,
        concat_ws(
            '+',
            case when period.marketing_spend is not null then 'marketing_spend' end,
            case when period.subsidies is not null then 'subsidies' end,
            case when period.side = 'pays' and period.commission is not null then 'commission' end
        ) as parts,
        coalesce(period.marketing_spend, 0)
        + coalesce(period.subsidies, 0)
        + coalesce(period.commission_paid, 0) as amount,
        coalesce(period.spend_has_gaps, false) or period.rateless_days > 0 as is_partial
    from steps.partnership_period as period
),
paired as (
    select
        spent.platform,
        spent.partnership_id,
        spent.span,
        spent.date,
        spent.currency,
        spent.side,
        spent.new_buyers,
        spent.parts,
        case when spent.is_partial or spent.parts = '' then null else spent.amount end as spend,
        total.new_buyers as platform_new_buyers,
        total.days as platform_days,
        case
            when total.is_partial or total.parts = '' or total.parts <> replace(spent.parts, '+commission', '')
                then null
            else total.amount
        end as platform_spend
    from spent
    left join
        spent as total
        on
            total.platform = spent.platform
            and total.span = spent.span
            and total.date = spent.date
            and total.partnership_id = ''
            and total.days >= spent.days
    where spent.partnership_id <> ''
),
judged as (
    select
        paired.*,
        cast(paired.spend as double) as paid,
        cast(paired.new_buyers as double) as won,
        sqrt(cast(paired.new_buyers as double)) as low_root,
        sqrt(cast(paired.new_buyers as double) + 1) as high_root,
        exact.low as exact_low,
        exact.high as exact_high,
        case
            when paired.spend is null then 'missing_spend'
            when paired.new_buyers is null then 'missing_new_buyers'
            when paired.spend <= 0 then 'no_spend'
            when paired.new_buyers = 0 then 'no_new_buyers'
            else 'ok'
        end as validity
    from paired
    left join core.poisson_interval as exact on exact.events = paired.new_buyers
),
bounded as (
    select
        judged.*,
        coalesce(
            judged.exact_low,
            judged.won
            - 1.959963984540054 * judged.low_root
            + 0.9471529402313751
            + 0.17196185986461623 / nullif(judged.low_root, 0)
            - 0.06809954241743825 / nullif(judged.won, 0)
            - 0.03444176509221394 / nullif(judged.won * judged.low_root, 0)
        ) as mean_low,
        coalesce(
            judged.exact_high,
            judged.won
            + 1
            + 1.959963984540054 * judged.high_root
            + 0.9471529402313751
            - 0.17196185986461623 / judged.high_root
            - 0.06809954241743825 / (judged.won + 1) + 0.03444176509221394 / ((judged.won + 1) * judged.high_root)
        ) as mean_high
    from judged
)
select
    bounded.platform::varchar as platform,              -- whose figures they are
    bounded.partnership_id::varchar as partnership_id,  -- identifier of the deal
    bounded.span::varchar as span,                      -- length of the window that ends on the day, see core.term
    bounded.date::date as date,                         -- last day of the span
    bounded.currency::varchar as currency,              -- currency of the amounts
    bounded.side::varchar as side,
    -- whether the platform pays or receives the commission; empty where the deal does not say
    bounded.spend::decimal(28, 6) as spend,             -- what the partnership cost, in currency
    nullif(bounded.parts, '')::varchar as spend_parts,  -- what of marketing_spend, subsidies and commission is in it
    bounded.new_buyers::bigint as new_buyers,           -- persons whose first order it was
    (case when bounded.validity = 'ok' then bounded.paid / nullif(bounded.won, 0) end)::double as partner_cac,
    -- spend for one of them, in currency; empty where validity is a reason
    (case when bounded.validity in ('ok', 'no_new_buyers') then bounded.paid / nullif(bounded.mean_high, 0) end)::double
        as partner_cac_low,                             -- least true cost, 95 %; without new buyers spend / 3.689
    (case bounded.validity when 'ok' then bounded.paid / nullif(bounded.mean_low, 0) end)::double as partner_cac_high,
    -- greatest true cost, 95 %; empty without new buyers
    bounded.validity::varchar as validity,              -- whether there is a number, or why not, see core.term
    bounded.platform_spend::decimal(28, 6) as platform_spend,
    -- the same parts on the whole platform, with the commission of every deal where it pays, in currency
    bounded.platform_new_buyers::bigint as platform_new_buyers,
    -- new buyers of the whole platform; empty without its total
    bounded.platform_days::integer as platform_days,
    -- days of the platform's total; empty where it has fewer than the partnership
    (
        case
            when bounded.platform_spend > 0
                then cast(bounded.platform_spend as double) / nullif(cast(bounded.platform_new_buyers as double), 0)
        end
    )::double as blended_cac,
    -- spend for a new buyer on the whole platform, in currency; empty where nothing was spent
    (cast(bounded.new_buyers as double) / nullif(cast(bounded.platform_new_buyers as double), 0))::double
        as share_of_new_buyers  -- of the platform's, 0 to 1; above 1 where both count differently
from bounded
