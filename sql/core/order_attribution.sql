-- Where an order came from: one channel of last touch, and beside it what each further trace of the order says.
-- A delivered channel goes first, then the rules by rank; of one rank, a whole value goes before a beginning, the
-- longer before the shorter. What another system saw belongs to the order of that transaction_id or event_id on the
-- same day or a day beside it; of one system the latest touch that a rule places counts. An order that another system
-- recorded in the shop's place is no order where the shop has it: it is a touch then.
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
        coalesce(order_event.recorder, '') as recorder,
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
        coalesce(recorded.transaction_id, recorded.event_id) as transaction_id,
        recorded.event_time,
        recorded.date,
        recorded.source
    from recorded
    where recorded.recorder <> ''
),
doubled as (
    select
        elsewhere.platform,
        elsewhere.event_id
    from elsewhere
    join recorded on recorded.platform = elsewhere.platform and recorded.transaction_id = elsewhere.transaction_id
    where recorded.recorder = '' and abs(date_diff('day', recorded.date, elsewhere.date)) <= 1
    union
    select
        elsewhere.platform,
        elsewhere.event_id
    from elsewhere
    join recorded on recorded.platform = elsewhere.platform and recorded.event_id = elsewhere.transaction_id
    where recorded.recorder = '' and abs(date_diff('day', recorded.date, elsewhere.date)) <= 1
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
        told.reporter,
        told.transaction_id,
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
        elsewhere.transaction_id,
        elsewhere.event_time,
        elsewhere.date,
        coalesce(nullif(elsewhere.source, ''), lower(elsewhere.recorder)),
        '',
        ''
    from elsewhere
    join doubled on doubled.platform = elsewhere.platform and doubled.event_id = elsewhere.event_id
),
linked as (
    select
        placed.platform,
        placed.event_id,
        placed.date,
        touch.reporter,
        touch.touched_at,
        touch.source,
        touch.medium,
        touch.campaign
    from touch
    join placed on placed.platform = touch.platform and placed.transaction_id = touch.transaction_id
    where abs(date_diff('day', placed.date, touch.date)) <= 1
    union
    select
        placed.platform,
        placed.event_id,
        placed.date,
        touch.reporter,
        touch.touched_at,
        touch.source,
        touch.medium,
        touch.campaign
    from touch
    join placed on placed.platform = touch.platform and placed.event_id = touch.transaction_id
    where abs(date_diff('day', placed.date, touch.date)) <= 1
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
        listed.basis
    from (
        values
        ('order_source', 'order_source'),
        ('coupon', 'coupon'),
        ('landing_page', 'landing_page'),
        ('utm_source', 'landing_page'),
        ('utm_source_medium', 'landing_page'),
        ('utm_campaign', 'landing_page'),
        ('touch_source', ''),
        ('touch_source_medium', ''),
        ('touch_campaign', '')
    ) as listed (evidence, basis)
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
        step.rank,
        0 as looseness,
        step.value as wanted,
        step.channel,
        step.partnership_id,
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
        step.rank,
        1000 - length(step.wanted),
        step.value,
        step.channel,
        step.partnership_id,
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
packed as (
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
        fitting.is_current,
        fitting.is_former,
        struct_pack(
            rank := fitting.rank,
            looseness := fitting.looseness,
            basis := fitting.basis,
            evidence := fitting.evidence,
            value := fitting.wanted,
            channel := fitting.channel,
            partnership_id := fitting.partnership_id
        ) as word
    from fitting
),
traced as (
    select
        packed.platform,
        packed.date,
        packed.reporter,
        packed.source,
        packed.medium,
        packed.campaign,
        packed.coupon,
        packed.page,
        packed.basis,
        min(case when packed.is_current then packed.word end) as word,
        min(case when packed.is_former then packed.word end) as former
    from packed
    group by
        packed.platform,
        packed.date,
        packed.reporter,
        packed.source,
        packed.medium,
        packed.campaign,
        packed.coupon,
        packed.page,
        packed.basis
),
of_trace as (
    select
        traced.platform,
        traced.date,
        traced.source,
        traced.coupon,
        traced.page,
        min(traced.word) as word,
        min(traced.former) as former,
        min(traced.word.channel) as first_channel,
        max(traced.word.channel) as last_channel
    from traced
    where traced.reporter = ''
    group by traced.platform, traced.date, traced.source, traced.coupon, traced.page
),
touched as (
    select
        linked.platform,
        linked.event_id,
        linked.reporter,
        traced.word,
        traced.former,
        row_number() over (
            partition by linked.platform, linked.event_id, linked.reporter
            order by case when traced.word is null then 1 else 0 end, linked.touched_at desc, traced.word
        ) as place,
        row_number() over (
            partition by linked.platform, linked.event_id, linked.reporter
            order by case when traced.former is null then 1 else 0 end, linked.touched_at desc, traced.former
        ) as former_place
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
),
of_reporter as (
    select
        touched.platform,
        touched.event_id,
        touched.reporter,
        min(case when touched.place = 1 then touched.word end) as word,
        min(case when touched.former_place = 1 then touched.former end) as former
    from touched
    group by touched.platform, touched.event_id, touched.reporter
),
of_touch as (
    select
        of_reporter.platform,
        of_reporter.event_id,
        min(of_reporter.word) as word,
        min(of_reporter.former) as former,
        min(of_reporter.word.channel) as first_channel,
        max(of_reporter.word.channel) as last_channel
    from of_reporter
    group by of_reporter.platform, of_reporter.event_id
),
decided as (
    select
        placed.*,
        case
            when placed.told_channel <> '' then null
            when of_touch.word is null or of_trace.word <= of_touch.word then of_trace.word
            else of_touch.word
        end as word,
        case
            when placed.told_channel <> '' then null
            when of_touch.former is null or of_trace.former <= of_touch.former then of_trace.former
            else of_touch.former
        end as former,
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
judged as (
    select
        decided.*,
        coalesce(nullif(decided.told_channel, ''), decided.word.channel, 'unattributed') as channel,
        coalesce(nullif(decided.told_channel, ''), decided.former.channel, 'unattributed') as channel_before
    from decided
),
said as (
    select
        judged.*,
        'last_touch' as basis,
        judged.channel as said_channel,
        coalesce(nullif(judged.partnership_id, ''), judged.word.partnership_id, '') as said_partnership,
        case when judged.told_channel <> '' then 0 else judged.word.rank end as rank,
        case when judged.told_channel <> '' then 'channel' else coalesce(judged.word.evidence, '') end as evidence,
        case when judged.told_channel <> '' then judged.told_channel else judged.word.value end as value
    from judged
    union all
    select
        judged.*,
        traced.basis,
        traced.word.channel,
        traced.word.partnership_id,
        traced.word.rank,
        traced.word.evidence,
        traced.word.value
    from judged
    join
        traced
        on
            traced.platform = judged.platform
            and traced.date = judged.date
            and traced.source = judged.source
            and traced.coupon = judged.coupon
            and traced.page = judged.page
    where
        traced.reporter = ''
        and traced.word is not null
        and (judged.word is null or judged.word.basis <> traced.basis)
    union all
    select
        judged.*,
        of_reporter.reporter,
        of_reporter.word.channel,
        of_reporter.word.partnership_id,
        of_reporter.word.rank,
        of_reporter.word.evidence,
        of_reporter.word.value
    from judged
    join of_reporter on of_reporter.platform = judged.platform and of_reporter.event_id = judged.event_id
    where of_reporter.word is not null and (judged.word is null or judged.word.basis <> of_reporter.reporter)
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
    )::boolean as is_contradicted,                       -- whether two traces of the order name two channels
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
    said.loaded_at::timestamptz as loaded_at             -- when this warehouse knew the order
from said
