-- What the orders say that nothing places: the values for which a rule is missing, by how many orders have them.
-- A value of fewer than three orders of a day does not show: it may be one buyer's own.
-- grain: platform, date, evidence, value
-- twin: no
-- portable: yes
-- daily: date
-- contract: deliveries
with open as (
    select
        recorded.platform,
        attribution.date,
        recorded.event_id,
        recorded.order_source,
        recorded.coupon,
        recorded.landing_page,
        recorded.is_simulated
    from core.order_attribution as attribution
    join
        core.order_event as recorded
        on recorded.platform = attribution.platform and recorded.event_id = attribution.event_id
    where attribution.basis = 'last_touch' and attribution.channel = 'unattributed'
),
told as (
    select
        open.platform,
        open.date,
        open.is_simulated,
        'order_source' as evidence,
        lower(trim(open.order_source)) as value
    from open
    union all
    select
        open.platform,
        open.date,
        open.is_simulated,
        'coupon',
        lower(trim(open.coupon))
    from open
    union all
    select
        open.platform,
        open.date,
        open.is_simulated,
        'landing_page',
        lower(regexp_extract(open.landing_page, '^([^?#]*)', 1))
    from open
    union all
    select
        open.platform,
        open.date,
        open.is_simulated,
        'utm_source',
        lower(regexp_extract(open.landing_page, '[?&;]utm_source=([^&;#]*)', 1))
    from open
)
select
    told.platform::varchar as platform,                  -- slug
    told.date::date as date,                             -- day of the orders, UTC
    told.evidence::varchar as evidence,                  -- what a rule would look at
    told.value::varchar as value,                        -- value that no rule has, in small letters
    count(*)::bigint as orders,                          -- orders without a channel that have it
    bool_or(told.is_simulated)::boolean as is_simulated  -- true where an order is made up, for a demo
from told
where told.value <> ''
group by told.platform, told.date, told.evidence, told.value
having count(*) >= 3
