-- What the partners had agreed to reach in a period, each time that it changed; the last version counts.
-- A file that says the same again makes no version.
-- grain: partnership_id, metric, period_start, version
-- portable: yes
with told as (
    select t.partnership_id, t.metric, t.period_start, t.period_end, t.target, t.currency, t.shape, t.agreed_on, t.loaded_at, null::timestamptz as superseded_at
    from core.partner_target as t
    union all
    select h.partnership_id, h.metric, h.period_start, h.period_end, h.target, h.currency, h.shape, h.agreed_on, h.loaded_at, h.superseded_at
    from raw.partner_target_history as h
),
ordered as (
    select
        t.*, struct_pack(period_end := t.period_end, target := t.target, currency := t.currency, shape := t.shape) as agreement,
        row_number() over (partition by t.partnership_id, t.metric, t.period_start order by t.superseded_at nulls last, t.loaded_at) as place
    from told as t
),
changed as (
    select o.*
    from ordered as o
    left join ordered as b on b.partnership_id = o.partnership_id and b.metric = o.metric and b.period_start = o.period_start and b.place = o.place - 1
    where o.agreement is distinct from b.agreement
)
select
    c.partnership_id::varchar    as partnership_id, -- identifier of the deal
    c.metric::varchar            as metric,         -- new_buyers, net_gmv or orders
    c.period_start::date         as period_start,   -- first day of the period
    row_number() over (partition by c.partnership_id, c.metric, c.period_start order by c.place)::integer as version, -- 1 is the first agreement
    c.period_end::date           as period_end,     -- last day of the period
    c.target::decimal(18, 4)     as target,         -- to be reached: persons, orders, or in currency
    c.currency::varchar          as currency,       -- currency of a target in money; else empty
    c.shape::varchar             as shape,          -- how it builds up: linear, seasonal or milestone
    c.agreed_on::date            as agreed_on,      -- day of the agreement; empty where unknown
    (row_number() over (partition by c.partnership_id, c.metric, c.period_start order by c.place desc) = 1)::boolean as is_current, -- whether it counts now
    c.loaded_at::timestamptz     as loaded_at       -- when this warehouse knew it
from changed as c
