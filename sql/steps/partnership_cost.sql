-- What a new buyer cost through a partnership over a span, with the exact 95 % interval, beside what one cost on the
-- whole platform.
-- Spend is marketing and subsidies, and on the side that pays it the commission; spend_parts says which of them were
-- delivered.
-- group: deals
-- grain: platform, partnership_id, span, date
-- twin: no
-- portable: yes
-- daily: date
with age as (
    select
        settling.platform,
        settling.partnership_id,
        settling.metric,
        settling.settled_to
    from steps.settling_age as settling
    where settling.metric in ('marketing_spend', 'subsidies', 'commission', 'new_buyers')
),
-- Up to which day all figures of a cost are settled; the platform's are made of those of every channel and deal.
settled as (
    select
        age.platform,
        age.partnership_id,
        min(age.settled_to) as settled_to,
        min(case when age.metric = 'new_buyers' then age.settled_to end) as new_buyers_to
    from age
    where age.partnership_id <> ''
    group by age.platform, age.partnership_id
    union all
    select
        age.platform,
        '',
        min(age.settled_to),
        min(case when age.metric = 'new_buyers' then age.settled_to end)
    from age
    group by age.platform
),
spent as (
    select
        period.*,
        coalesce(settled.settled_to < period.last_delivered, false) as is_unsettled,
        coalesce(settled.new_buyers_to < period.last_delivered, false) as is_count_unsettled,
        concat_ws(
            '+',
            case when period.marketing_spend is not null then 'marketing_spend' end,
            case when period.subsidies is not null then 'subsidies' end,
            case when period.side = 'pays' and period.commission is not null then 'commission' end
        ) as parts,
        coalesce(period.marketing_spend, 0)
        + coalesce(period.subsidies, 0)
        + coalesce(period.commission_paid, 0) as amount,
        coalesce(period.spend_has_gaps, false) or period.spend_rateless_days > 0 as is_partial
    from steps.partnership_period as period
    left join
        settled
        on settled.platform = period.platform and settled.partnership_id = period.partnership_id
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
        spent.is_unsettled or coalesce(total.is_unsettled, false) as is_unsettled,
        spent.is_count_unsettled or coalesce(total.is_count_unsettled, false) as is_count_unsettled,
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
        likely.low as mean_low,
        likely.high as mean_high,
        case
            when paired.spend is null then 'missing_spend'
            when paired.new_buyers is null then 'missing_new_buyers'
            when paired.spend <= 0 then 'no_spend'
            when paired.new_buyers = 0 then 'no_new_buyers'
            else 'ok'
        end as validity
    from paired
    left join steps.count_interval as likely on likely.date = paired.date and likely.events = paired.new_buyers
)
select
    judged.platform::varchar as platform,              -- whose figures they are
    judged.partnership_id::varchar as partnership_id,  -- identifier of the deal
    judged.span::varchar as span,                      -- length of the window that ends on the day, see core.term
    judged.date::date as date,                         -- last day of the span
    judged.currency::varchar as currency,              -- currency of the amounts
    judged.side::varchar as side,
    -- whether the platform pays or receives the commission; empty where the deal does not say
    judged.spend::decimal(28, 6) as spend,             -- what the partnership cost, in currency
    nullif(judged.parts, '')::varchar as spend_parts,  -- what of marketing_spend, subsidies and commission is in it
    judged.new_buyers::bigint as new_buyers,           -- persons whose first order it was
    (case when judged.validity = 'ok' then judged.paid / nullif(judged.won, 0) end)::double as partner_cac,
    -- spend for one of them, in currency; empty where validity is a reason
    (case when judged.validity in ('ok', 'no_new_buyers') then judged.paid / nullif(judged.mean_high, 0) end)::double
        as partner_cac_low,                             -- least true cost, 95 %; without new buyers spend / 3.689
    (case judged.validity when 'ok' then judged.paid / nullif(judged.mean_low, 0) end)::double as partner_cac_high,
    -- greatest true cost, 95 %; empty without new buyers
    judged.validity::varchar as validity,              -- whether there is a number, or why not, see core.term
    judged.platform_spend::decimal(28, 6) as platform_spend,
    -- the same parts on the whole platform, with the commission of every deal where it pays, in currency
    judged.platform_new_buyers::bigint as platform_new_buyers,
    -- new buyers of the whole platform; empty without its total
    judged.platform_days::integer as platform_days,
    -- days of the platform's total; empty where it has fewer than the partnership
    (
        case
            when judged.platform_spend > 0
                then cast(judged.platform_spend as double) / nullif(cast(judged.platform_new_buyers as double), 0)
        end
    )::double as blended_cac,
    -- spend for a new buyer on the whole platform, in currency; empty where nothing was spent
    (cast(judged.new_buyers as double) / nullif(cast(judged.platform_new_buyers as double), 0))::double
        as share_of_new_buyers,  -- of the platform's, 0 to 1; above 1 where both count differently
    judged.is_unsettled::boolean as is_unsettled,
    -- whether spend or new buyers of a day, of the partnership or of the platform, still move: steps.settling_age
    judged.is_count_unsettled::boolean as is_count_unsettled  -- whether new buyers do
from judged
