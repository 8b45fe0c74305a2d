-- The periods that a part of a claim could mean, for its end and, where it speaks of a change, for its start.
-- A year is the calendar year, the company's fiscal year that ended in it or that began in it; the end of a growth told
-- in bare years may also be the last full year before it. Other periods are taken as stated. A change within one year
-- is held against the year or the quarter before.
-- group: claim_steps
-- grain: claim_id, part, subject, side, period_end
-- twin: no
with part as (
    select
        part.*,
        claim.period_from,
        claim.period_to,
        platform.fiscal_year_end,
        (part.part in ('from', 'multiple', 'growth') or claim.value_from is not null)
        and coalesce(left(claim.period_from, 4) <> left(claim.period_to, 4), false) as is_growth
    from steps.claim_part as part
    join core.claim as claim on claim.claim_id = part.claim_id
    left join core.platform as platform on platform.platform = part.subject
    where part.measure not like 'partnership%'
),
stated as (
    select
        part.*,
        ends.side,
        ends.first_day,
        ends.last_day,
        left(ends.last_day, 4)::integer as in_year,
        length(ends.last_day) = 4 and ends.side = 'to' and part.is_growth as is_bare_end
    from part
    cross join lateral (
        select * from (
            values
            (
                'from',
                if(part.part = 'from' or part.is_growth and part.part <> 'to', part.period_from, null),
                if(part.is_growth, part.period_from, part.period_to)
            ),
            ('to', if(part.is_growth, part.period_to, part.period_from), if(part.part = 'from', null, part.period_to))
        ) as given (side, first_day, last_day)
        where given.last_day is not null and (given.side = 'to' or given.first_day is not null)
    ) as ends
),
spanned as (
    select
        stated.*,
        if(
            stated.is_growth,
            make_date(stated.in_year, 1, 1),
            try_cast(if(length(stated.first_day) = 4, stated.first_day || '-01-01', stated.first_day) as date)
        ) as starts,
        if(
            stated.is_growth,
            make_date(stated.in_year, 12, 31),
            try_cast(if(length(stated.last_day) = 4, stated.last_day || '-12-31', stated.last_day) as date)
        ) as ends
    from stated
),
reading as (
    select
        spanned.claim_id,
        spanned.part,
        spanned.subject,
        spanned.side,
        spanned.is_growth,
        spanned.starts,
        spanned.ends,
        unnest(if(
            coalesce(
                spanned.starts = make_date(year(spanned.ends), 1, 1)
                and spanned.ends = make_date(year(spanned.ends), 12, 31),
                false
            ),
            [
                { period: 'calendar_year', period_end: spanned.ends, months: 12 },
                {
                    period: 'fiscal_year_ended_in_it',
                    period_end: try_cast(year(spanned.ends) || '-' || spanned.fiscal_year_end as date),
                    months: 12
                },
                {
                    period: 'fiscal_year_begun_in_it',
                    period_end: if(
                        spanned.fiscal_year_end = '12-31',
                        null,
                        try_cast((year(spanned.ends) + 1) || '-' || spanned.fiscal_year_end as date)
                    ),
                    months: 12
                },
                {
                    period: 'year_before',
                    period_end: if(spanned.is_bare_end, make_date(year(spanned.ends) - 1, 12, 31), null),
                    months: 12
                }
            ],
            [
                {
                    period: 'as_stated',
                    period_end: spanned.ends,
                    months: span_months(spanned.starts, spanned.ends)
                }
            ]
        )) as span
    from spanned
),
dated as (
    select
        reading.claim_id,
        reading.part,
        reading.subject,
        reading.side,
        reading.is_growth,
        reading.span.period as period,
        reading.span.months as months,
        reading.span.period_end as period_end,
        if(reading.span.period = 'as_stated', reading.starts, (reading.span.period_end + 1 - to_months(12))::date)
            as period_start
    from reading
    where reading.span.period_end is not null
),
compared as (
    select dated.* from dated
    union all
    select
        dated.claim_id,
        dated.part,
        dated.subject,
        'from',
        dated.is_growth,
        step_back.period,
        dated.months,
        months_before(dated.period_end, step_back.back),
        (dated.period_start - to_months(step_back.back))::date
    from dated
    cross join (values ('year_earlier', 12), ('quarter_before', 3)) as step_back (period, back)
    where dated.part in ('direction', 'growth') and not dated.is_growth and (step_back.back = 12 or dated.months = 3)
)
select
    compared.claim_id::varchar as claim_id,       -- identifier of the claim
    compared.part::varchar as part,               -- part of the claim
    compared.subject::varchar as subject,         -- party it speaks of
    compared.side::varchar as side,               -- to, or from for the start of a change
    compared.period::varchar as period,
    -- how the claim's words were read: calendar_year, fiscal_year_ended_in_it, fiscal_year_begun_in_it, year_before,
    -- as_stated, year_earlier or quarter_before
    compared.months::integer as months,           -- length in months; empty where the claim names a day only
    compared.period_start::date as period_start,  -- first day; empty where the claim names a day only
    compared.period_end::date as period_end       -- last day
from compared
qualify
    row_number()
        over (
            partition by compared.claim_id, compared.part, compared.subject, compared.side, compared.period_end
            order by compared.period
        )
    = 1
