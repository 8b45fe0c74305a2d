-- The rules by which orders are placed: those that hold now, and those that held before the rules changed last.
-- group: channel_steps
-- grain: platform, place
-- twin: no
-- portable: yes
with told as (
    select
        rule.platform,
        rule.rank,
        rule.evidence,
        rule.reporter,
        rule.value,
        rule.channel,
        rule.partnership_id,
        rule.valid_from,
        rule.valid_to,
        rule.loaded_at,
        cast(null as timestamp) as superseded_at
    from core.attribution_rule as rule
    union all
    select
        earlier.platform,
        earlier.rank,
        earlier.evidence,
        earlier.reporter,
        earlier.value,
        earlier.channel,
        earlier.partnership_id,
        earlier.valid_from,
        earlier.valid_to,
        earlier.loaded_at,
        earlier.superseded_at
    from raw.attribution_rule_history as earlier
),
changed as (
    select
        told.platform,
        max(told.loaded_at) as changed_at,
        min(told.loaded_at) as first_at
    from told
    group by told.platform
),
timed as (
    select
        told.*,
        changed.changed_at,
        told.superseded_at is null as is_current,
        case
            when changed.first_at = changed.changed_at then true
            else
                told.loaded_at < changed.changed_at
                and (told.superseded_at is null or told.superseded_at >= changed.changed_at)
        end as is_former
    from told
    join changed on changed.platform = told.platform
)
select
    timed.platform::varchar as platform,                  -- slug
    row_number() over (
        partition by timed.platform
        order by
            timed.rank,
            case when timed.value like '%*' then 1 else 0 end,
            length(timed.value) desc,
            case when timed.reporter = '' then 1 else 0 end,
            timed.valid_from desc,
            timed.evidence,
            timed.reporter,
            timed.value,
            timed.loaded_at
    )::bigint as place,                                   -- order in which the rules of the platform are tried, 1 first
    timed.rank::bigint as rank,                           -- rank of the rule, as delivered
    timed.evidence::varchar as evidence,                  -- what the rule looks at, see the contract attribution_rule
    lower(timed.reporter)::varchar as reporter,                  -- system whose touches are meant; '' is any
    timed.value::varchar as value,                        -- what it must be, as delivered
    lower(case when timed.value like '%*' then left(timed.value, length(timed.value) - 1) else timed.value end)::varchar
        as wanted,                                        -- the same in small letters, without the * at its end
    (timed.value like '%*')::boolean as is_beginning,     -- whether the evidence must only begin so
    coalesce(alias.counts_as, timed.channel)::varchar as channel,  -- channel of such an order
    timed.partnership_id::varchar as partnership_id,      -- partnership of such an order; '' is none
    timed.valid_from::date as valid_from,                 -- first day of the orders that it places
    coalesce(timed.valid_to, date '9999-12-31')::date as valid_to,  -- last day of them
    timed.is_current::boolean as is_current,              -- whether it is one of the rules that hold now
    timed.is_former::boolean as is_former,
    -- whether it was one of them before they changed last; true of the first rules
    timed.changed_at::timestamp as changed_at,          -- when the rules of the platform changed last, UTC
    timed.loaded_at::timestamp as loaded_at             -- when this warehouse knew the rule, UTC
from timed
left join
    core.channel_name as alias
    on
        alias.platform = timed.platform
        and alias.delivered_channel = timed.channel
        and alias.account = ''
        and alias.valid_to = date '9999-12-31'
where timed.is_current or timed.is_former
