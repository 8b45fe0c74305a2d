-- The periods that a part of a claim could mean, for its end and, where it speaks of a change, for its start.
-- A year is the calendar year, the company's fiscal year that ended in it or that began in it; the end of a growth told in bare years
-- may also be the last full year before it. Other periods are taken as stated. A change within one year is held against the year or the quarter before.
-- grain: claim_id, part, subject, side, period_end
-- twin: no
with part as (
    select
        p.*, c.period_from, c.period_to, f.fiscal_year_end,
        (p.part in ('from', 'multiple', 'growth') or c.value_from is not null)
            and coalesce(left(c.period_from, 4) <> left(c.period_to, 4), false) as is_growth
    from steps.claim_part as p
    join core.claim as c on c.claim_id = p.claim_id
    left join core.platform as f on f.platform = p.subject
    where p.measure not like 'partnership%'
),
stated as (
    select
        p.*, s.side, s.first_day, s.last_day, left(s.last_day, 4)::integer as in_year,
        length(s.last_day) = 4 and s.side = 'to' and p.is_growth as is_bare_end
    from part as p
    cross join lateral (select * from (values
        ('from', if(p.part = 'from' or p.is_growth and p.part <> 'to', p.period_from, null), if(p.is_growth, p.period_from, p.period_to)),
        ('to', if(p.is_growth, p.period_to, p.period_from), if(p.part = 'from', null, p.period_to))
    ) as v(side, first_day, last_day) where v.last_day is not null and (v.side = 'to' or v.first_day is not null)) as s
),
spanned as (
    select
        s.*, if(s.is_growth, make_date(s.in_year, 1, 1), try_cast(if(length(s.first_day) = 4, s.first_day || '-01-01', s.first_day) as date)) as starts,
        if(s.is_growth, make_date(s.in_year, 12, 31), try_cast(if(length(s.last_day) = 4, s.last_day || '-12-31', s.last_day) as date)) as ends
    from stated as s
),
reading as (
    select s.claim_id, s.part, s.subject, s.side, s.is_growth, s.starts, s.ends, unnest(if(
        coalesce(s.starts = make_date(year(s.ends), 1, 1) and s.ends = make_date(year(s.ends), 12, 31), false),
        [
            {period: 'calendar_year', period_end: s.ends, months: 12},
            {period: 'fiscal_year_ended_in_it', period_end: try_cast(year(s.ends) || '-' || s.fiscal_year_end as date), months: 12},
            {period: 'fiscal_year_begun_in_it', period_end: if(s.fiscal_year_end = '12-31', null, try_cast((year(s.ends) + 1) || '-' || s.fiscal_year_end as date)), months: 12},
            {period: 'year_before', period_end: if(s.is_bare_end, make_date(year(s.ends) - 1, 12, 31), null), months: 12}
        ],
        [{period: 'as_stated', period_end: s.ends, months: round((s.ends + 1 - s.starts) / 30.4375)::integer}]
    )) as r
    from spanned as s
),
dated as (
    select
        d.claim_id, d.part, d.subject, d.side, d.is_growth, d.r.period as period, d.r.months as months, d.r.period_end as period_end,
        if(d.r.period = 'as_stated', d.starts, (d.r.period_end + 1 - to_months(12))::date) as period_start
    from reading as d
    where d.r.period_end is not null
),
compared as (
    select d.* from dated as d
    union all
    select
        d.claim_id, d.part, d.subject, 'from', d.is_growth, b.period, d.months, ((d.period_end + 1)::date - to_months(b.back))::date - 1,
        (d.period_start - to_months(b.back))::date
    from dated as d
    cross join (values ('year_earlier', 12), ('quarter_before', 3)) as b(period, back)
    where d.part in ('direction', 'growth') and not d.is_growth and (b.back = 12 or d.months = 3)
)
select
    c.claim_id::varchar    as claim_id,     -- identifier of the claim
    c.part::varchar        as part,         -- part of the claim
    c.subject::varchar     as subject,      -- party it speaks of
    c.side::varchar        as side,         -- to, or from for the start of a change
    c.period::varchar      as period,       -- how the claim's words were read: calendar_year, fiscal_year_ended_in_it, fiscal_year_begun_in_it, year_before, as_stated, year_earlier or quarter_before
    c.months::integer      as months,       -- length in months; empty where the claim names a day only
    c.period_start::date   as period_start, -- first day; empty where the claim names a day only
    c.period_end::date     as period_end    -- last day
from compared as c
qualify row_number() over (partition by c.claim_id, c.part, c.subject, c.side, c.period_end order by c.period) = 1
