-- Where an order came from: one channel of last touch, and beside it what each further trace of the order says.
-- A delivered channel goes first, then the rules by rank; of one rank, a whole value goes before a beginning, the
-- longer before the shorter. What another system saw belongs to the order of that transaction_id or event_id on the
-- same day or a day beside it; of one system the latest touch that a rule places counts. An order that another system
-- recorded in the shop's place is no order where the shop has it: it is a touch then.
-- group: channel_steps
-- grain: platform, event_id, basis
-- twin: no
-- portable: yes
-- daily: date, 1, 1
with recorded as (
    select
        order_event.platform,
        order_event.event_id,
        order_event.event_time,
        cast(order_event.event_time as date) as date,
        order_event.transaction_id,
        order_event.partnership_id,
        order_event.amount,
        order_event.currency,
        order_event.status,
        order_event.refunded,
        order_event.is_simulated,
        order_event.loaded_at,
        lower(coalesce(order_event.recorder, '')) as recorder,
        lower(order_event.event_id) as event_key,
        lower(order_event.transaction_id) as transaction_key,
        coalesce(alias.counts_as, order_event.channel) as told_channel,
        coalesce(identity.counts_as_hash, order_event.buyer_id_hash) as buyer_id_hash,
        lower(trim(coalesce(order_event.order_source, ''))) as source,
        lower(trim(coalesce(order_event.coupon, ''))) as coupon,
        lower(coalesce(order_event.landing_page, '')) as page
    from core.order_event as order_event
    left join
        core.channel_name as alias
        on
            alias.platform = order_event.platform
            and alias.delivered_channel = order_event.channel
            and alias.account = ''
            and cast(order_event.event_time as date) between alias.valid_from and alias.valid_to
    left join
        core.buyer_identity as identity
        on identity.platform = order_event.platform and identity.buyer_id_hash = order_event.buyer_id_hash
),
elsewhere as (
    select
        recorded.platform,
        recorded.event_id,
        recorded.recorder,
        coalesce(recorded.transaction_key, recorded.event_key) as transaction_key,
        recorded.event_time,
        recorded.date,
        recorded.source
    from recorded
    where recorded.recorder <> ''
),
-- The names under which other systems may know an order.
named as (
    select
        recorded.platform,
        recorded.event_id,
        recorded.date,
        recorded.recorder,
        recorded.event_key as order_key
    from recorded
    union all
    select
        recorded.platform,
        recorded.event_id,
        recorded.date,
        recorded.recorder,
        recorded.transaction_key
    from recorded
    where recorded.transaction_key <> recorded.event_key
),
doubled as (
    select
        elsewhere.platform,
        elsewhere.event_id
    from elsewhere
    join named on named.platform = elsewhere.platform and named.order_key = elsewhere.transaction_key
    where named.recorder = '' and abs(date_diff('day', named.date, elsewhere.date)) <= 1
    union
    select
        elsewhere.platform,
        elsewhere.event_id
    from elsewhere
    join
        elsewhere as earlier
        on earlier.platform = elsewhere.platform and earlier.transaction_key = elsewhere.transaction_key
    where
        abs(date_diff('day', earlier.date, elsewhere.date)) <= 1
        and (
            earlier.event_time < elsewhere.event_time
            or (earlier.event_time = elsewhere.event_time and earlier.event_id < elsewhere.event_id)
        )
),
placed as (
    select recorded.*
    from recorded
    left join doubled on doubled.platform = recorded.platform and doubled.event_id = recorded.event_id
    where doubled.event_id is null
),
touch as (
    select
        told.platform,
        lower(told.reporter) as reporter,
        lower(told.transaction_id) as transaction_key,
        told.touched_at,
        cast(told.touched_at as date) as date,
        lower(trim(coalesce(told.source, told.reporter))) as source,
        lower(trim(coalesce(told.medium, ''))) as medium,
        lower(trim(coalesce(told.campaign, ''))) as campaign
    from core.order_touch as told
    union all
    select
        elsewhere.platform,
        elsewhere.recorder,
        elsewhere.transaction_key,
        elsewhere.event_time,
        elsewhere.date,
        coalesce(nullif(elsewhere.source, ''), elsewhere.recorder),
        '',
        ''
    from elsewhere
    join doubled on doubled.platform = elsewhere.platform and doubled.event_id = elsewhere.event_id
),
linked as (
    select
        named.platform,
        named.event_id,
        named.date,
        touch.reporter,
        touch.source,
        touch.medium,
        touch.campaign,
        max(touch.touched_at) as touched_at
    from touch
    join named on named.platform = touch.platform and named.order_key = touch.transaction_key
    left join doubled on doubled.platform = named.platform and doubled.event_id = named.event_id
    where abs(date_diff('day', named.date, touch.date)) <= 1 and doubled.event_id is null
    group by
        named.platform, named.event_id, named.date, touch.reporter, touch.source, touch.medium, touch.campaign
),
-- The rules are tried on each trace of a day once, however many orders have it.
trace as (
    select distinct
        placed.platform,
        placed.date,
        '' as reporter,
        placed.source,
        '' as medium,
        '' as campaign,
        placed.coupon,
        placed.page
    from placed
    where placed.source <> '' or placed.coupon <> '' or placed.page <> ''
    union all
    select distinct
        linked.platform,
        linked.date,
        linked.reporter,
        linked.source,
        linked.medium,
        linked.campaign,
        '',
        ''
    from linked
),
parsed as (
    select
        trace.*,
        regexp_extract(trace.page, '^([^?#]*)', 1) as path,
        regexp_extract(trace.page, '[?&;]utm_source=([^&;#]*)', 1) as utm_source,
        regexp_extract(trace.page, '[?&;]utm_medium=([^&;#]*)', 1) as utm_medium,
        regexp_extract(trace.page, '[?&;]utm_campaign=([^&;#]*)', 1) as utm_campaign
    from trace
),
kind as (
    select
        listed.evidence,
        listed.basis,
        listed.field
    from (
        values
        ('order_source', 'order_source', 'source'),
        ('coupon', 'coupon', 'coupon'),
        ('landing_page', 'landing_page', 'path'),
        ('utm_source', 'landing_page', 'source'),
        ('utm_source_medium', 'landing_page', 'source'),
        ('utm_campaign', 'landing_page', 'campaign'),
        ('touch_source', '', 'source'),
        ('touch_source_medium', '', 'source'),
        ('touch_campaign', '', 'campaign')
    ) as listed (evidence, basis, field)
),
clue as (
    select
        parsed.platform,
        parsed.date,
        parsed.reporter,
        parsed.source,
        parsed.medium,
        parsed.campaign,
        parsed.coupon,
        parsed.page,
        kind.evidence,
        kind.field,
        coalesce(nullif(kind.basis, ''), parsed.reporter) as basis,
        case kind.evidence
            when 'order_source' then parsed.source
            when 'coupon' then parsed.coupon
            when 'landing_page' then parsed.path
            when 'utm_source' then parsed.utm_source
            when 'utm_source_medium'
                then case
                    when parsed.utm_source <> ''
                        then concat(parsed.utm_source, ' / ', coalesce(nullif(parsed.utm_medium, ''), '(none)'))
                end
            when 'utm_campaign' then parsed.utm_campaign
            when 'touch_source' then parsed.source
            when 'touch_source_medium'
                then concat(parsed.source, ' / ', coalesce(nullif(parsed.medium, ''), '(none)'))
            else parsed.campaign
        end as value
    from parsed
    cross join kind
    where (parsed.reporter = '' and kind.basis <> '') or (parsed.reporter <> '' and kind.basis = '')
),
fitting as (
    select
        clue.*,
        step.place,
        step.channel,
        step.is_current,
        step.is_former
    from clue
    join
        core.attribution_step as step
        on step.platform = clue.platform and step.evidence = clue.evidence and step.wanted = clue.value
    where
        clue.value <> ''
        and not step.is_beginning
        and step.reporter in ('', clue.reporter)
        and clue.date between step.valid_from and step.valid_to
    union all
    select
        clue.*,
        step.place,
        step.channel,
        step.is_current,
        step.is_former
    from clue
    join core.attribution_step as step on step.platform = clue.platform and step.evidence = clue.evidence
    where
        clue.value <> ''
        and step.is_beginning
        and starts_with(clue.value, step.wanted)
        and step.reporter in ('', clue.reporter)
        and clue.date between step.valid_from and step.valid_to
),
-- What each field of a trace says: a source with its medium is the same field as the source alone, only narrower.
of_field as (
    select
        fitting.platform,
        fitting.date,
        fitting.reporter,
        fitting.source,
        fitting.medium,
        fitting.campaign,
        fitting.coupon,
        fitting.page,
        fitting.basis,
        min(case when fitting.is_current then struct_pack(place := fitting.place, channel := fitting.channel) end)
            as word,
        min(case when fitting.is_former then fitting.place end) as former
    from fitting
    group by
        fitting.platform,
        fitting.date,
        fitting.reporter,
        fitting.source,
        fitting.medium,
        fitting.campaign,
        fitting.coupon,
        fitting.page,
        fitting.basis,
        fitting.field
),
traced as (
    select
        of_field.platform,
        of_field.date,
        of_field.reporter,
        of_field.source,
        of_field.medium,
        of_field.campaign,
        of_field.coupon,
        of_field.page,
        of_field.basis,
        min(of_field.word.place) as place,
        min(of_field.former) as former,
        min(of_field.word.channel) as first_channel,
        max(of_field.word.channel) as last_channel
    from of_field
    group by
        of_field.platform,
        of_field.date,
        of_field.reporter,
        of_field.source,
        of_field.medium,
        of_field.campaign,
        of_field.coupon,
        of_field.page,
        of_field.basis
),
of_trace as (
    select
        traced.platform,
        traced.date,
        traced.source,
        traced.coupon,
        traced.page,
        min(traced.place) as place,
        min(traced.former) as former,
        min(traced.first_channel) as first_channel,
        max(traced.last_channel) as last_channel
    from traced
    where traced.reporter = ''
    group by traced.platform, traced.date, traced.source, traced.coupon, traced.page
),
-- Of one system the latest touch that a rule places, and the channels of all of them.
latest as (
    select
        linked.platform,
        linked.event_id,
        linked.reporter,
        max(case when traced.place is not null then struct_pack(at := linked.touched_at, back := -traced.place) end)
            as word,
        max(case when traced.former is not null then struct_pack(at := linked.touched_at, back := -traced.former) end)
            as former,
        min(traced.first_channel) as first_channel,
        max(traced.last_channel) as last_channel
    from linked
    join
        traced
        on
            traced.platform = linked.platform
            and traced.date = linked.date
            and traced.reporter = linked.reporter
            and traced.source = linked.source
            and traced.medium = linked.medium
            and traced.campaign = linked.campaign
    group by linked.platform, linked.event_id, linked.reporter
),
reporter as (
    select
        told.platform,
        told.reporter,
        row_number() over (partition by told.platform order by told.reporter) as number
    from (
        select distinct
            linked.platform,
            linked.reporter
        from linked
    ) as told
),
of_reporter as (
    select
        latest.platform,
        latest.event_id,
        latest.reporter,
        reporter.number,
        latest.first_channel,
        latest.last_channel,
        -latest.word.back as place,
        -latest.former.back as former
    from latest
    join reporter on reporter.platform = latest.platform and reporter.reporter = latest.reporter
),
of_touch as (
    select
        of_reporter.platform,
        of_reporter.event_id,
        min(of_reporter.place * 1000000 + of_reporter.number) as word,
        min(of_reporter.former) as former,
        min(of_reporter.first_channel) as first_channel,
        max(of_reporter.last_channel) as last_channel
    from of_reporter
    group by of_reporter.platform, of_reporter.event_id
),
decided as (
    select
        placed.*,
        case when of_touch.word is null or of_trace.place * 1000000 <= of_touch.word then of_trace.place end
            as trace_place,
        case when of_trace.place is null or of_trace.place * 1000000 > of_touch.word then of_touch.word end
            as touch_word,
        case
            when of_touch.former is null or of_trace.former <= of_touch.former then of_trace.former
            else of_touch.former
        end as former_place,
        of_trace.first_channel as trace_first,
        of_trace.last_channel as trace_last,
        of_touch.first_channel as touch_first,
        of_touch.last_channel as touch_last
    from placed
    left join
        of_trace
        on
            of_trace.platform = placed.platform
            and of_trace.date = placed.date
            and of_trace.source = placed.source
            and of_trace.coupon = placed.coupon
            and of_trace.page = placed.page
    left join of_touch on of_touch.platform = placed.platform and of_touch.event_id = placed.event_id
),
chosen as (
    select
        decided.*,
        case
            when decided.told_channel <> '' then null
            when decided.touch_word is not null then cast(floor(decided.touch_word / 1000000) as bigint)
            else decided.trace_place
        end as place,
        case when decided.told_channel = '' then decided.touch_word % 1000000 end as number
    from decided
),
judged as (
    select
        chosen.*,
        step.rank as rule_rank,
        step.evidence as rule_evidence,
        step.value as rule_value,
        step.partnership_id as rule_partnership,
        case when chosen.number is not null then '' else coalesce(kind.basis, '') end as rule_basis,
        coalesce(nullif(chosen.told_channel, ''), step.channel, 'unattributed') as channel,
        coalesce(nullif(chosen.told_channel, ''), former.channel, 'unattributed') as channel_before
    from chosen
    left join core.attribution_step as step on step.platform = chosen.platform and step.place = chosen.place
    left join
        core.attribution_step as former
        on former.platform = chosen.platform and former.place = chosen.former_place
    left join kind on kind.evidence = step.evidence
),
further as (
    select
        judged.*,
        traced.basis,
        traced.place as further_place
    from judged
    join
        traced
        on
            traced.platform = judged.platform
            and traced.date = judged.date
            and traced.source = judged.source
            and traced.coupon = judged.coupon
            and traced.page = judged.page
    where traced.reporter = '' and traced.basis <> judged.rule_basis
    union all
    select
        judged.*,
        of_reporter.reporter,
        of_reporter.place
    from judged
    join of_reporter on of_reporter.platform = judged.platform and of_reporter.event_id = judged.event_id
    where judged.number is null or judged.number <> of_reporter.number
),
said as (
    select
        judged.platform,
        judged.event_id,
        judged.date,
        judged.channel,
        judged.channel_before,
        judged.trace_first,
        judged.trace_last,
        judged.touch_first,
        judged.touch_last,
        judged.event_time,
        judged.buyer_id_hash,
        judged.transaction_id,
        judged.amount,
        judged.currency,
        judged.status,
        judged.refunded,
        judged.recorder,
        judged.is_simulated,
        judged.loaded_at,
        'last_touch' as basis,
        judged.channel as said_channel,
        coalesce(nullif(judged.partnership_id, ''), judged.rule_partnership, '') as said_partnership,
        case when judged.told_channel <> '' then 0 else judged.rule_rank end as rank,
        case when judged.told_channel <> '' then 'channel' else coalesce(judged.rule_evidence, '') end as evidence,
        case when judged.told_channel <> '' then judged.told_channel else judged.rule_value end as value
    from judged
    union all
    select
        further.platform,
        further.event_id,
        further.date,
        further.channel,
        further.channel_before,
        further.trace_first,
        further.trace_last,
        further.touch_first,
        further.touch_last,
        further.event_time,
        further.buyer_id_hash,
        further.transaction_id,
        further.amount,
        further.currency,
        further.status,
        further.refunded,
        further.recorder,
        further.is_simulated,
        further.loaded_at,
        further.basis,
        step.channel,
        step.partnership_id,
        step.rank,
        step.evidence,
        step.value
    from further
    join core.attribution_step as step on step.platform = further.platform and step.place = further.further_place
)
select
    said.platform::varchar as platform,                  -- slug
    said.event_id::varchar as event_id,                  -- the order
    said.basis::varchar as basis,
    -- whose word it is: last_touch (the channel that counts), order_source, coupon, landing_page, or the system that
    -- saw the order; only traces that a rule places and that are not the last touch itself
    said.date::date as date,                             -- day of the order, UTC
    said.said_channel::varchar as channel,               -- channel; unattributed where nothing places the order
    said.said_partnership::varchar as partnership_id,    -- partnership that brought it; '' is none
    said.rank::bigint as rank,
    -- rank of the rule; 0 for a delivered channel, empty where nothing places the order
    said.evidence::varchar as evidence,
    -- what the rule looked at; channel for a delivered one, '' where nothing places the order
    said.value::varchar as value,                        -- value of the rule that fits, or the delivered channel
    said.channel_before::varchar as channel_before,
    -- channel of last touch by the rules as they were before they changed last
    (
        coalesce(said.trace_first <> said.channel or said.trace_last <> said.channel, false)
        or coalesce(said.touch_first <> said.channel or said.touch_last <> said.channel, false)
    )::boolean as is_contradicted,                       -- whether a trace of the order names another channel
    said.event_time::timestamp as event_time,            -- when the order was placed, UTC
    said.buyer_id_hash::varchar as buyer_id_hash,
    -- hash under which the buyer counts; empty where the order tells no buyer
    said.transaction_id::varchar as transaction_id,      -- identifier under which other systems know the order
    said.amount::decimal(18, 4) as amount,               -- value of the order, in currency
    said.currency::varchar as currency,                  -- ISO 4217 code of the amount
    said.status::varchar as status,                      -- placed, cancelled or refunded
    said.refunded::decimal(18, 4) as refunded,           -- refunded of the amount so far, in currency; empty: not told
    said.recorder::varchar as recorder,                  -- system that recorded it in the shop's place; '' is the shop
    said.is_simulated::boolean as is_simulated,          -- true where the order is made up, for a demo
    said.loaded_at::timestamp as loaded_at             -- when this warehouse knew the order, UTC
from said
