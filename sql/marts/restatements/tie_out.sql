-- Each printed figure held against whatever else is known of it: another document, the sum of its parts, a level and
-- its increase, a printed growth, a share of revenue. It is confirmed, contradicted, or stands alone.
-- A row is a figure and one piece of evidence, or a figure without any. Every member of a sum or product is held
-- against the others: a contradiction does not say which of them is wrong.
-- grain: observation_id, tie
-- contract: verdicts
with figure as (
    select
        print.*,
        coalesce(print.period_start, date '0001-01-01') as since,
        span_kind(print.period_end - print.period_start + 1) as span,
        filing.document_id is not null as is_filed,
        contradiction.explanation as declared,
        contradiction.reason as declared_reason
    from core.observation as print
    left join core.edgar_filing as filing on filing.document_id = print.document_id
    left join core.contradiction as contradiction
        on
            contradiction.platform = print.platform
            and contradiction.metric = print.metric
            and contradiction.scope = print.scope
            and contradiction.unit = print.unit
            and contradiction.period_end = print.period_end
            and contradiction.period_start is not distinct from print.period_start
            and contradiction.value = print.value
),
member as (
    select
        tie.*,
        figure.value,
        coalesce(figure.value_low, -unbounded.value) as least_value,
        coalesce(figure.value_high, unbounded.value) as most_value,
        figure.value::double - figure.rounding_half_width::double as low,
        figure.value::double + figure.rounding_half_width::double as high,
        figure.qualifier,
        figure.is_filed,
        figure.class_rank,
        figure.declared,
        figure.declared_reason,
        figure.document_id,
        figure.published_on,
        row(
            figure.platform, figure.metric, figure.scope, figure.unit, figure.since, figure.period_end
        ) as quantity
    from steps.tie as tie
    join figure on figure.observation_id = tie.observation_id
    cross join (select 1e21::decimal(28, 6) as value) as unbounded
),
total as (
    select
        member.tie,
        any_value(member.rule) as rule,
        any_value(member.shape) as shape,
        any_value(member.said_id) as said_id,
        max(member.place) as place,
        sum(if(member.side > 0, member.least_value, -member.most_value)) as least_rest,
        sum(if(member.side > 0, member.most_value, -member.least_value)) as most_rest,
        any_value(member.least)
        * product(if(member.side > 0, member.low, 1 / nullif(member.high, 0)) order by member.observation_id) as least,
        any_value(member.most)
        * product(if(member.side > 0, member.high, 1 / nullif(member.low, 0)) order by member.observation_id) as most,
        bool_and(member.low > 0) as is_positive,
        bool_and(member.is_filed) as is_filed,
        bool_and(member.class_rank = 1) as is_official,
        count(*) filter (where member.qualifier <> 'exact') as inexact,
        max(member.declared) as declared,
        max(member.declared_reason) as declared_reason,
        list(member.observation_id order by member.observation_id) as ids,
        list(member.document_id order by member.observation_id) as documents,
        list_sort(list(member.quantity::varchar)) as quantities,
        min(coalesce(member.published_on, date 'infinity')) as begun_on,
        max(coalesce(member.published_on, date 'infinity')) as known_on
    from member
    group by member.tie
),
judged as (
    select
        total.*,
        case total.shape
            when 'sum' then total.least_rest <= 0 and total.most_rest >= 0
            when 'at_most' then total.least_rest <= 0
            when 'never' then false
            else total.is_positive and total.least <= 1 + 1e-9 and total.most >= 1 - 1e-9
        end as agrees,
        total.shape = 'sum' and len(total.ids) = 2 as is_pair
    from total
),
-- figures of a company that printed another value of the quantity on another day
news as (
    select distinct member.observation_id
    from member
    join judged on judged.tie = member.tie
    where
        judged.is_pair and not judged.agrees and judged.is_official and judged.inexact = 0 and judged.place is null
        and judged.begun_on < judged.known_on and judged.known_on < date 'infinity'
),
-- figures whose value another document prints too, or that need no such proof
established as (
    select distinct member.observation_id
    from member
    join judged on judged.tie = member.tie
    where
        judged.is_pair and judged.place is null and judged.inexact = 0 and judged.agrees
        and judged.rule <> 'one_document'
        or member.is_filed
),
proven as (
    select
        member.tie,
        bool_and(established.observation_id is not null) as is_proven,
        bool_or(news.observation_id is not null) as has_news
    from member
    left join news on news.observation_id = member.observation_id
    left join established on established.observation_id = member.observation_id
    group by member.tie
),
reached as (
    select
        judged.rule,
        judged.quantities,
        bool_or(judged.agrees) as agrees
    from judged
    where not judged.is_pair and judged.shape <> 'at_most' and judged.place is null
    group by judged.rule, judged.quantities
),
left_over as (
    select
        member.*,
        -- what the other members leave for this one
        case
            when judged.shape = 'product' and member.side > 0 then member.high / judged.most
            when judged.shape = 'product' then member.high * judged.least
            when member.side < 0 then (member.most_value + judged.least_rest)::double
            when judged.shape = 'sum' then (member.most_value - judged.most_rest)::double
        end as evidence_low,
        case
            when judged.shape = 'product' and member.side > 0 then member.low / judged.least
            when judged.shape = 'product' then member.low * judged.most
            when member.side > 0 then (member.least_value - judged.least_rest)::double
            when judged.shape = 'sum' then (member.least_value + judged.most_rest)::double
        end as evidence_high
    from member
    join judged on judged.tie = member.tie
),
held as (
    select
        member.observation_id,
        judged.tie,
        member.place,
        if(member.place is null, judged.rule, 'other_place') as rule,
        judged.agrees and member.place is null as agrees,
        member.evidence_low,
        member.evidence_high,
        case
            when judged.agrees and member.place is null then null
            when judged.declared is not null then judged.declared
            when member.place is not null then if(member.is_filed, 'as_filed', null)
            when judged.is_filed then 'as_filed'
            when judged.is_pair and judged.is_official and proven.is_proven then 'restated'
            when reached.agrees then 'restated'
            -- "22.1 billion" for 22.167: cut off, not rounded
            when
                member.qualifier = 'about' and judged.is_pair and member.value < member.evidence_low
                and member.evidence_low < member.value + (member.most_value - member.least_value)
                then 'cut_off'
        end as explanation,
        if(judged.agrees and member.place is null, null, judged.declared_reason) as reason,
        not judged.agrees and explanation is null
        and if(
            judged.is_pair, judged.begun_on < judged.known_on and judged.known_on < date 'infinity', proven.has_news
        )
        and judged.is_official as may_be_restated,
        list_append(list_filter(judged.ids, lambda id: id <> member.observation_id), judged.said_id) as evidence,
        list_distinct(judged.documents) as documents,
        judged.known_on
    from left_over as member
    join judged on judged.tie = member.tie
    join proven on proven.tie = member.tie
    left join reached on reached.rule = judged.rule and reached.quantities = judged.quantities
    where
        -- what is only about right, or a bound, is no evidence for others
        judged.inexact = if(member.qualifier = 'exact', 0, 1)
        and (
            judged.place is null and judged.shape not in ('at_most', 'never') and judged.rule <> 'one_document'
            or judged.place is null and not judged.agrees
            -- what fits another place closely
            or member.place is not null and judged.agrees and member.value <> 0
            and (
                member.place = 'perimeter'
                or member.high - member.low + member.evidence_high - member.evidence_low < 0.0006 * abs(member.value)
            )
        )
),
-- a figure that nothing confirms where it stands, and that fits another place, is in the wrong row or column
kept as (
    select held.* from held
    qualify
        held.place is null
        or not bool_or(held.agrees) over (partition by held.observation_id)
        and row_number() over (partition by held.observation_id, held.place is null order by held.tie) = 1
)
select
    figure.observation_id::varchar as observation_id,          -- figure that is held against the evidence
    coalesce(told.tie, '')::varchar as tie,                    -- identifier of the evidence; '' where there is none
    figure.platform::varchar as platform,                      -- platform slug
    figure.metric::varchar as metric,                          -- metric slug
    figure.scope::varchar as scope,                            -- perimeter; '' is the whole
    figure.unit::varchar as unit,
    -- ISO 4217 code, persons, orders, percent or another unit
    figure.period_type::varchar as period_type,                -- year, ttm, quarter, point or other
    figure.period_start::date as period_start,                 -- first day of the period; empty for a point
    figure.period_end::date as period_end,                     -- last day of the period
    figure.value::decimal(28, 6) as value,                     -- figure as printed, in unit
    figure.value_low::decimal(28, 6) as value_low,             -- least the print allows; empty when unbounded
    figure.value_high::decimal(28, 6) as value_high,           -- greatest the print allows; empty when unbounded
    figure.document_id::varchar as document_id,                -- document that prints it
    figure.published_on::date as published_on,                 -- day of that document; empty where it has none
    told.rule::varchar as rule,                                -- what the evidence is, see core.term; empty without any
    case
        when told.tie is null then 'alone'
        when told.agrees then 'confirmed'
        else 'contradicted'
    end::varchar as verdict,                                   -- what it says, see core.term
    told.explanation::varchar as explanation,
    -- why the contradiction is none, see core.term; empty for one that is not explained
    told.reason::varchar as reason,                            -- what core.contradiction says of it; else empty
    coalesce(told.may_be_restated, false)::boolean as may_be_restated,
    -- whether an unexplained contradiction may be a restatement by the company that no second document shows yet
    coalesce(list_sort(list_distinct(present(told.evidence))), [])::varchar[] as evidence_observation_ids,
    -- figures of the evidence, printed or derived
    coalesce(list_sort(list_filter(told.documents, lambda document: document <> figure.document_id)), [])::varchar[]
        as evidence_document_ids,                              -- their documents, other than the figure's own
    told.evidence_low::double as evidence_low,                 -- least value that the evidence allows, in unit
    told.evidence_high::double as evidence_high,               -- greatest value that the evidence allows, in unit
    case
        when bool_or(told.tie is not null and not told.agrees and told.explanation is null) over of_figure
            then 'contradicted'
        when bool_or(told.agrees) over of_figure then 'confirmed'
        when bool_or(told.tie is not null) over of_figure then 'explained'
        else 'alone'
    end::varchar as figure_verdict,
    -- of all evidence of the figure: contradicted by some that is not explained, confirmed by some, explained, or alone
    if(
        bool_or(figure.published_on is null or told.known_on = date 'infinity') over of_figure, ['undated_input'], []
    )::varchar[] as flags,                                     -- undated_input where evidence of the figure has no date
    if(
        told.tie is null,
        figure.published_on,
        nullif(told.known_on, date 'infinity')
    )::date as known_on                                        -- first day on which this could be said
from figure
left join kept as told on told.observation_id = figure.observation_id
where figure.derivation is null
window of_figure as (partition by figure.observation_id)
