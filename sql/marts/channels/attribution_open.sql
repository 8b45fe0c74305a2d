-- What the orders say that nothing places: the values for which a rule is missing, by how many orders have them.
-- A value of fewer than three orders does not show: it may be one buyer's own. Orders without any trace are the row
-- with the evidence ''.
-- grain: platform, evidence, value
-- twin: no
-- portable: yes
-- contract: deliveries
with open as (
    select
        recorded.platform,
        attribution.date,
        recorded.event_id,
        lower(recorded.event_id) as event_key,
        lower(recorded.transaction_id) as transaction_key,
        lower(trim(coalesce(recorded.order_source, ''))) as source,
        lower(trim(coalesce(recorded.coupon, ''))) as coupon,
        lower(coalesce(recorded.landing_page, '')) as page,
        recorded.is_simulated
    from core.order_attribution as attribution
    join
        core.order_event as recorded
        on recorded.platform = attribution.platform and recorded.event_id = attribution.event_id
    where attribution.basis = 'last_touch' and attribution.channel = 'unattributed'
),
seen as (
    select
        touch.platform,
        lower(touch.transaction_id) as transaction_key,
        cast(touch.touched_at as date) as date,
        lower(trim(coalesce(touch.source, touch.reporter))) as source,
        lower(trim(coalesce(touch.medium, ''))) as medium
    from core.order_touch as touch
),
named as (
    select
        open.*,
        open.event_key as order_key
    from open
    union all
    select
        open.*,
        open.transaction_key
    from open
    where open.transaction_key <> open.event_key
),
touched as (
    select distinct
        named.platform,
        named.event_id,
        named.date,
        named.is_simulated,
        seen.source,
        seen.medium
    from seen
    join named on named.platform = seen.platform and named.order_key = seen.transaction_key
    where abs(date_diff('day', named.date, seen.date)) <= 1
),
told as (
    select
        open.platform,
        open.event_id,
        open.date,
        open.is_simulated,
        'order_source' as evidence,
        open.source as value
    from open
    union all
    select
        open.platform,
        open.event_id,
        open.date,
        open.is_simulated,
        'coupon',
        open.coupon
    from open
    union all
    select
        open.platform,
        open.event_id,
        open.date,
        open.is_simulated,
        'landing_page',
        regexp_extract(open.page, '^([^?#]*)', 1)
    from open
    union all
    select
        open.platform,
        open.event_id,
        open.date,
        open.is_simulated,
        'utm_source_medium',
        concat(
            regexp_extract(open.page, '[?&;]utm_source=([^&;#]*)', 1),
            ' / ',
            coalesce(nullif(regexp_extract(open.page, '[?&;]utm_medium=([^&;#]*)', 1), ''), '(none)')
        )
    from open
    where regexp_extract(open.page, '[?&;]utm_source=([^&;#]*)', 1) <> ''
    union all
    select
        open.platform,
        open.event_id,
        open.date,
        open.is_simulated,
        'utm_campaign',
        regexp_extract(open.page, '[?&;]utm_campaign=([^&;#]*)', 1)
    from open
    union all
    select
        touched.platform,
        touched.event_id,
        touched.date,
        touched.is_simulated,
        'touch_source_medium',
        concat(touched.source, ' / ', coalesce(nullif(touched.medium, ''), '(none)'))
    from touched
    union all
    select
        open.platform,
        open.event_id,
        open.date,
        open.is_simulated,
        '',
        '(no trace)'
    from open
    left join touched on touched.platform = open.platform and touched.event_id = open.event_id
    where open.source = '' and open.coupon = '' and open.page = '' and touched.event_id is null
),
counted as (
    select
        told.platform,
        told.evidence,
        told.value,
        count(*) as orders,
        min(told.date) as first_on,
        max(told.date) as last_on,
        bool_or(told.is_simulated) as is_simulated
    from told
    where told.value <> ''
    group by told.platform, told.evidence, told.value
)
select
    counted.platform::varchar as platform,          -- slug
    counted.evidence::varchar as evidence,          -- what a rule would look at; '' for orders without any trace
    counted.value::varchar as value,                -- value that no rule has, in small letters
    counted.orders::bigint as orders,               -- orders without a channel that have it
    counted.first_on::date as first_on,             -- day of the first of them, UTC
    counted.last_on::date as last_on,               -- day of the last of them, UTC
    counted.is_simulated::boolean as is_simulated   -- true where an order is made up, for a demo
from counted
where counted.orders >= 3 or counted.evidence = ''
