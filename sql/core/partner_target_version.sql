-- What the partners had agreed to reach in a period, each time that it changed; the last version counts.
-- A file that says the same again makes no version.
-- group: deals
-- grain: partnership_id, metric, period_start, version
-- portable: yes
with told as (
    select
        target.partnership_id,
        target.metric,
        target.period_start,
        target.period_end,
        target.target,
        target.currency,
        target.shape,
        target.agreed_on,
        target.loaded_at,
        null::timestamp as superseded_at
    from core.partner_target as target
    union all
    select
        earlier.partnership_id,
        earlier.metric,
        earlier.period_start,
        earlier.period_end,
        earlier.target,
        earlier.currency,
        earlier.shape,
        earlier.agreed_on,
        earlier.loaded_at,
        earlier.superseded_at
    from raw.partner_target_history as earlier
),
ordered as (
    select
        told.*,
        struct_pack(
            period_end := told.period_end, target := told.target, currency := told.currency, shape := told.shape
        ) as agreement,
        row_number()
            over (
                partition by told.partnership_id, told.metric, told.period_start
                order by told.superseded_at nulls last, told.loaded_at
            )
            as place
    from told
),
changed as (
    select ordered.*
    from ordered
    left join
        ordered as before
        on
            before.partnership_id = ordered.partnership_id
            and before.metric = ordered.metric
            and before.period_start = ordered.period_start
            and before.place = ordered.place - 1
    where ordered.agreement is distinct from before.agreement
)
select
    changed.partnership_id::varchar as partnership_id,  -- identifier of the deal
    changed.metric::varchar as metric,                  -- new_buyers, net_gmv or orders
    changed.period_start::date as period_start,         -- first day of the period
    row_number()
        over (partition by changed.partnership_id, changed.metric, changed.period_start order by changed.place)
    ::integer as version,                               -- 1 is the first agreement
    changed.period_end::date as period_end,             -- last day of the period
    changed.target::decimal(18, 4) as target,           -- to be reached: persons, orders, or in currency
    changed.currency::varchar as currency,              -- currency of a target in money; else empty
    changed.shape::varchar as shape,                    -- how it builds up: linear, seasonal or milestone
    changed.agreed_on::date as agreed_on,               -- day of the agreement; empty where unknown
    (
        row_number()
            over (partition by changed.partnership_id, changed.metric, changed.period_start order by changed.place desc)
        = 1
    )::boolean as is_current,                           -- whether it counts now
    changed.loaded_at::timestamp as loaded_at         -- when this warehouse knew it, UTC
from changed
