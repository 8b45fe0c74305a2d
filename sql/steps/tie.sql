-- What ties printed figures together: two documents that print one quantity, a whole and its parts, a level and its
-- increase, a growth, a share of revenue, and what can be no larger than something else.
-- A row is one figure in one tie. Every value that was printed of a quantity takes part, restated ones too.
-- group: figures
-- grain: tie, observation_id
with said as (
    select
        figure.*,
        span_kind(figure.period_end - figure.period_start + 1) as span,
        coalesce(figure.period_start, date '0001-01-01') as since,
        regexp_matches(figure.locator, '^(us-gaap|ifrs-full)[: ]') as is_tagged,
        filing.document_id is not null as is_filed,
        figure.observation_id as id,
        0 as moved,
        null::varchar as place
    from core.observation as figure
    left join core.edgar_filing as filing on filing.document_id = figure.document_id
),
known as (
    select said.* from said
    where said.derivation is null
),
twice as (
    select distinct one.id
    from known as one
    join known as other
        on
            other.platform = one.platform
            and other.metric = one.metric
            and other.scope = one.scope
            and other.unit = one.unit
            and other.since = one.since
            and other.period_end = one.period_end
            and other.document_id <> one.document_id
            and other.value_low <= one.value_high
            and other.value_high >= one.value_low
),
-- a figure that no other document prints, as if it stood in the next column: of another period or perimeter
moved as (
    select
        known.platform,
        known.metric,
        known.scope,
        known.unit,
        known.consolidation,
        known.expense_nature,
        known.basis,
        known.value_low,
        known.value_high,
        known.rounding_half_width,
        known.qualifier,
        known.document_id,
        known.source_class,
        known.class_rank,
        known.published_on,
        known.derivation,
        known.observation_id,
        known.span,
        known.is_tagged,
        known.is_filed,
        (known.period_start + to_months(shift.months))::date as period_start,
        (known.period_end + 1 + to_months(shift.months))::date - 1 as period_end,
        coalesce((known.period_start + to_months(shift.months))::date, known.since) as since,
        known.id || '@' || shift.months as id,
        1 as moved,
        'period' as place
    from known
    cross join (values (-12), (-3), (3), (12)) as shift (months)
    left join twice on twice.id = known.id
    where twice.id is null and known.qualifier = 'exact'
    union all
    select
        known.platform,
        known.metric,
        perimeter.scope as scope,
        known.unit,
        known.consolidation,
        known.expense_nature,
        known.basis,
        known.value_low,
        known.value_high,
        known.rounding_half_width,
        known.qualifier,
        known.document_id,
        known.source_class,
        known.class_rank,
        known.published_on,
        known.derivation,
        known.observation_id,
        known.span,
        known.is_tagged,
        known.is_filed,
        known.period_start,
        known.period_end,
        known.since,
        known.id || '@' || perimeter.scope as id,
        1 as moved,
        'perimeter' as place
    from known
    join (select distinct
        known.platform,
        known.scope
    from known) as perimeter
        on perimeter.platform = known.platform and perimeter.scope <> known.scope
    left join twice on twice.id = known.id
    where twice.id is null and known.qualifier = 'exact'
),
print as (
    select
        standing.*,
        row(
            standing.platform, standing.scope, coalesce(standing.consolidation, ''), standing.basis = 'non_gaap'
        ) as perimeter,
        row(standing.metric, standing.unit, coalesce(standing.expense_nature, '')) as kind
    from (
        select said.* from said
        union all by name
        select moved.* from moved
    ) as standing
),
exact as (
    select print.* from print
    where print.qualifier = 'exact' and print.derivation is null
),
-- every two prints of one quantity
pair as (
    select
        case
            when figure.document_id = other.document_id then 'one_document'
            when figure.is_tagged <> other.is_tagged or figure.is_filed <> other.is_filed then 'print_and_filing'
            when
                (figure.source_class, other.source_class) in (
                    ('filing', 'company_release'), ('company_release', 'filing')
                )
                then 'unaudited_and_audited'
            else 'two_documents'
        end as rule,
        [figure.id] as left_ids,
        [other.id] as right_ids
    from print as figure
    join print as other
        on
            other.perimeter = figure.perimeter
            and other.kind = figure.kind
            and other.since = figure.since
            and other.period_end = figure.period_end
            and other.observation_id <> figure.observation_id
            and (
                figure.qualifier <> 'exact'
                or figure.moved = 1
                or other.derivation is not null
                or other.id > figure.id
            )
            and other.moved = 0 and other.qualifier = 'exact'
    where
        figure.derivation is null
        and (figure.moved = 0 or other.document_id <> figure.document_id)
        -- what follows from the tags of filings is evidence of theirs
        and (
            other.derivation is null
            or other.is_tagged and not figure.is_tagged
            or other.is_filed and not figure.is_filed
        )
),
-- a print that says nothing of its own: one of better source or finer agrees with it
repeated as (
    select distinct one.id
    from exact as one
    join exact as better
        on
            better.perimeter = one.perimeter
            and better.kind = one.kind
            and better.since = one.since
            and better.period_end = one.period_end
            and better.value_low <= one.value_high
            and better.value_high >= one.value_low
            and (
                better.rounding_half_width,
                better.class_rank,
                coalesce(better.published_on, date 'infinity'),
                better.id
            ) < (
                one.rounding_half_width,
                one.class_rank,
                coalesce(one.published_on, date 'infinity'),
                one.id
            )
    where better.moved = 0 and one.moved = 0
),
-- the values that were printed of a quantity, each once
stated as (
    select exact.* from exact
    left join repeated on repeated.id = exact.id
    where repeated.id is null
),
flow as (
    select stated.* from stated
    join core.metric as metric on metric.metric = stated.metric and metric.kind = 'flow'
    where stated.span <> 'other'
),
quarter as (
    select flow.* from flow
    where flow.span = 'quarter'
),
three as (
    select
        one.perimeter,
        one.kind,
        one.since,
        three.period_end,
        one.moved + two.moved + three.moved as moved,
        [one.id, two.id, three.id] as ids
    from quarter as one
    join quarter as two
        on
            two.perimeter = one.perimeter
            and two.kind = one.kind
            and two.since = one.period_end + 1
            and one.moved + two.moved <= 1
    join quarter as three
        on
            three.perimeter = one.perimeter
            and three.kind = one.kind
            and three.since = two.period_end + 1
            and one.moved + two.moved + three.moved <= 1
),
run as (
    select three.* from three
    union all
    select
        three.perimeter,
        three.kind,
        three.since,
        four.period_end,
        three.moved + four.moved,
        list_append(three.ids, four.id)
    from three
    join quarter as four
        on
            four.perimeter = three.perimeter
            and four.kind = three.kind
            and four.since = three.period_end + 1
            and three.moved + four.moved <= 1
),
linear as (
    select
        'sum_of_parts' as rule,
        [whole.id] as left_ids,
        run.ids as right_ids
    from run
    join flow as whole
        on
            whole.perimeter = run.perimeter
            and whole.kind = run.kind
            and whole.since = run.since
            and whole.period_end = run.period_end
            and whole.moved + run.moved <= 1
    union
    select
        'sum_of_parts',
        [whole.id],
        [head.id, tail.id]
    from flow as whole
    join flow as head
        on
            head.perimeter = whole.perimeter
            and head.kind = whole.kind
            and head.since = whole.since
            and head.period_end < whole.period_end
    join flow as tail
        on
            tail.perimeter = whole.perimeter
            and tail.kind = whole.kind
            and tail.since = head.period_end + 1
            and tail.period_end = whole.period_end
            and whole.moved + head.moved + tail.moved <= 1
    union
    -- twelve months are a fiscal year, plus the part that follows, less the same part of that year
    select
        'rolling_year',
        [whole.id, early.id],
        [year.id, late.id]
    from flow as whole
    join flow as year
        on
            year.perimeter = whole.perimeter
            and year.kind = whole.kind
            and year.span = 'year'
            and year.period_end >= whole.since
            and year.period_end < whole.period_end
    join flow as early
        on
            early.perimeter = whole.perimeter
            and early.kind = whole.kind
            and early.since = year.since
            and early.period_end = whole.since - 1
    join flow as late
        on
            late.perimeter = whole.perimeter
            and late.kind = whole.kind
            and late.since = year.period_end + 1
            and late.period_end = whole.period_end
            and whole.moved + year.moved + early.moved + late.moved <= 1
    where whole.span = 'year'
    union
    select
        'level_and_increase',
        [level.id],
        [before.id, increase.id]
    from stated as increase
    join stated as level
        on
            level.perimeter = increase.perimeter
            and level.metric || '_net_add' = increase.metric
            and level.unit = increase.unit
            and level.period_end = increase.period_end
    join stated as before
        on
            before.perimeter = level.perimeter
            and before.kind = level.kind
            and before.span = level.span
            and before.period_end = increase.period_start - 1
            and level.moved + before.moved + increase.moved <= 1
    union
    select
        'gross_profit',
        [revenue.id],
        [cost.id, profit.id]
    from stated as revenue
    join stated as cost
        on
            cost.perimeter = revenue.perimeter
            and cost.metric = 'cost_of_revenue'
            and cost.unit = revenue.unit
            and cost.since = revenue.since
            and cost.period_end = revenue.period_end
    join stated as profit
        on
            profit.perimeter = revenue.perimeter
            and profit.metric = 'gross_profit'
            and profit.unit = revenue.unit
            and profit.since = revenue.since
            and profit.period_end = revenue.period_end
            and revenue.moved + cost.moved + profit.moved <= 1
    where revenue.metric = 'revenue'
),
product as (
    select
        'growth' as rule,
        [level.id] as left_ids,
        [before.id] as right_ids,
        1 / (1 + (growth.value + growth.half_width) / 100) as least,
        1 / (1 + (growth.value - growth.half_width) / 100) as most,
        growth.observation_id as said_id
    from core.printed_growth as growth
    join said on said.id = growth.observation_id
    join stated as level
        on
            level.platform = said.platform
            and level.scope = said.scope
            and level.consolidation is not distinct from said.consolidation
            and level.metric = growth.metric
            and level.unit <> 'percent'
            and level.period_end = growth.period_end
            and level.span = span_kind(growth.period_end - growth.period_start + 1)
    join stated as before
        on
            before.perimeter = level.perimeter
            and before.kind = level.kind
            and before.span = level.span
            and is_same_end(before.period_end, months_before(level.period_end, 12))
            and level.moved + before.moved = 0
    union all
    select
        'share_of_revenue',
        [share.id, revenue.id],
        [part.id],
        0.01,
        0.01,
        null
    from stated as share
    join stated as part
        on
            part.perimeter = share.perimeter
            and part.metric || '_pct_revenue' = share.metric
            and part.since = share.since
            and part.period_end = share.period_end
    join stated as revenue
        on
            revenue.perimeter = share.perimeter
            and revenue.metric = 'revenue'
            and revenue.unit = part.unit
            and revenue.since = share.since
            and revenue.period_end = share.period_end
            and share.moved + part.moved + revenue.moved <= 1
    union all
    select
        'spend_per_buyer',
        [spend.id, buyers.id],
        [gmv.id],
        1,
        1,
        null
    from stated as spend
    join stated as buyers
        on
            buyers.perimeter = spend.perimeter
            and buyers.metric = 'annual_active_buyers'
            and buyers.since = spend.since
            and buyers.period_end = spend.period_end
    join stated as gmv
        on
            gmv.perimeter = spend.perimeter
            and gmv.metric = 'gmv'
            and gmv.unit || '_per_person' = spend.unit
            and gmv.since = spend.since
            and gmv.period_end = spend.period_end
            and spend.moved + buyers.moved + gmv.moved <= 1
    where spend.metric = 'annual_spend_per_buyer'
),
real_flow as (
    select flow.* from flow
    where flow.moved = 0
),
bound as (
    select
        'part_of_whole' as rule,
        [part.id] as left_ids,
        [whole.id] as right_ids
    from real_flow as part
    join real_flow as whole
        on
            whole.perimeter = part.perimeter
            and whole.kind = part.kind
            and whole.since <= part.since
            and whole.period_end >= part.period_end
            and whole.id <> part.id
    where
        (whole.since, whole.period_end) <> (part.since, part.period_end)
        and part.metric <> 'gross_profit' and not suffix(part.metric, '_net_add')
    union all
    select
        'part_of_whole',
        [part.id],
        [whole.id]
    from stated as part
    join (
        values
        ('advertising_expense', 'sm_expense'),
        ('promotion_ad_expense', 'sm_expense'),
        ('marketing_services_revenue', 'revenue'),
        ('gross_profit', 'revenue'),
        ('dau', 'mau'),
        ('quarterly_active_buyers', 'annual_active_buyers'),
        ('monthly_active_buyers', 'annual_active_buyers')
    ) as listed (part, whole) on listed.part = part.metric
    join stated as whole
        on
            whole.perimeter = part.perimeter
            and whole.metric = listed.whole
            and whole.unit = part.unit
            and whole.period_end = part.period_end
            and (whole.since = part.since or whole.metric = 'annual_active_buyers')
            and part.moved + whole.moved = 0
    union all
    select
        'not_negative',
        []::varchar[],
        [print.id]
    from known as print
    where print.metric <> 'gross_profit' and not regexp_matches(print.metric, '_(net_add|growth)$')
),
tie as (
    select
        linked.*,
        md5(
            concat_ws(
                '|', linked.rule, array_to_string(linked.left_ids, '|'), '', array_to_string(linked.right_ids, '|')
            )
        )
            as name
    from (
        select
            pair.*,
            'sum' as shape,
            1.0 as least,
            1.0 as most,
            null::varchar as said_id
        from pair
        union all
        select
            linear.*,
            'sum',
            1.0,
            1.0,
            null
        from linear
        union all
        select
            product.rule,
            product.left_ids,
            product.right_ids,
            'product',
            product.least,
            product.most,
            product.said_id
        from product
        union all
        select
            bound.*,
            'at_most',
            1.0,
            1.0,
            null
        from bound
        union all
        -- an exact figure of a period that was not over is of another period
        select
            'period_not_over',
            []::varchar[],
            [known.id],
            'never',
            1.0,
            1.0,
            null
        from known
        where known.qualifier = 'exact' and known.published_on < known.period_end
    ) as linked
    -- a figure as if it stood elsewhere is not held against itself
    where len(list_distinct(list_transform(
        list_concat(linked.left_ids, linked.right_ids), lambda id: split_part(id, '@', 1)
    ))) = len(linked.left_ids) + len(linked.right_ids)
),
member as (
    select
        tie.*,
        unnest(tie.left_ids) as id,
        1 as side
    from tie
    union all
    select
        tie.*,
        unnest(tie.right_ids),
        -1
    from tie
),
-- a tie across a change of what is counted holds nothing
broken as (
    select distinct member.name
    from member
    join print on print.id = member.id
    join (
        select
            member.name,
            min(print.period_end) as first_end,
            max(print.period_end) as last_end
        from member
        join print on print.id = member.id
        group by member.name
    ) as reach on reach.name = member.name
    join core.definition_break as definition_break
        on
            definition_break.platform = print.platform
            and definition_break.metric = print.metric
            and definition_break.scope = print.scope
            and definition_break.from_period_end > reach.first_end
            and definition_break.from_period_end <= reach.last_end
)
select
    member.name::varchar as tie,                         -- identifier of the tie: a hash of its rule and members
    print.observation_id::varchar as observation_id,     -- figure that takes part
    print.place::varchar as place,
    -- period or perimeter where the figure takes part as if it stood in the next one; else empty
    member.rule::varchar as rule,                        -- what ties them, see core.term
    member.shape::varchar as shape,
    -- sum: the figures of side 1 less those of side -1 are zero; product: those of side 1 over those of side -1, times
    -- a factor, are one; at_most: those of side 1 are no larger than those of side -1; never: no value of
    -- the figure can be right
    member.side::integer as side,                        -- 1 or -1
    member.least::double as least,                       -- least value of the factor of a product; 1 for other shapes
    member.most::double as most,                         -- greatest value of that factor
    member.said_id::varchar as said_id,                  -- figure that is or stands beside a printed growth; else empty
    if(
        bool_or(print.published_on is null) over (partition by member.name),
        null,
        max(print.published_on) over (partition by member.name)
    )::date as known_on  -- first day on which all its figures were public; empty with an undated one
from member
join print on print.id = member.id
left join broken on broken.name = member.name
where broken.name is null
