-- What a filing says of a metric of a platform for a period: each concept that tells it, each currency.
-- A filing of an issuer that reports in yuan adds a translation of its latest year into dollars for convenience: it is no figure.
-- grain: platform, metric, taxonomy, concept, unit, period_start, period_end, document_id
with issuer as (
    select p.platform, try_cast(regexp_replace(p.sec_cik, '[^0-9]', '', 'g') as bigint) as cik, p.fiscal_year_end, p.reporting_currency
    from core.platform as p
    where p.sec_cik is not null
),
wanted as (
    select i.*, c.metric, c.taxonomy, c.concept, c.priority, c.sign
    from issuer as i
    join core.edgar_concept as c on c.platform = i.platform or (c.platform = '*' and not exists (
        select 1 from core.edgar_concept as o where o.platform = i.platform and o.metric = c.metric))
),
fact as (
    select
        w.*, f.unit, f.period_start, f.period_end, f.val, f.loaded_at, d.document_id, d.form, d.published_on,
        f.period_end - f.period_start + 1 as days, rtrim(f.val::varchar, '0') as digits,
        -- zeros before the point, or less the digits behind it: the filing was rounded to no coarser a unit
        if(f.val % 1 = 0, length(split_part(digits, '.', 1)) - length(rtrim(split_part(digits, '.', 1), '0')),
            -length(split_part(digits, '.', 2))) as zeros,
        list_min(list_transform([-1, 0, 1], lambda y: abs(f.period_end - (
            make_date(year(f.period_end) + y, split_part(w.fiscal_year_end, '-', 1)::integer, 1)
            + split_part(w.fiscal_year_end, '-', 2)::integer - 1)))) <= 7 as ends_fiscal_year
    from wanted as w
    join raw.edgar_fact as f on f.cik = w.cik and f.taxonomy = w.taxonomy and f.concept = w.concept and f.superseded_at is null
    join core.edgar_filing as d on d.accession = f.accn
    where f.period_start is not null and regexp_full_match(f.unit, '[A-Z]{3}')
),
currency as (
    select f.platform, f.document_id, f.unit
    from fact as f
    group by f.platform, f.document_id, f.unit, f.reporting_currency
    qualify row_number() over (
        partition by f.platform, f.document_id order by count(*) desc, f.unit = f.reporting_currency desc, f.unit
    ) = 1
),
told as (
    select
        f.*, r.unit as filing_currency,
        case
            when f.days between 84 and 98 then 'quarter' when f.days between 175 and 190 then 'half'
            when f.days between 266 and 280 then 'nine_months' when f.days between 357 and 371 then 'year' else 'other'
        end as span,
        0.5 * pow(10, coalesce(
            min(if(f.val = 0, null, f.zeros)) over (partition by f.platform, f.document_id, f.unit, f.taxonomy, f.concept),
            min(if(f.val = 0, null, f.zeros)) over (partition by f.platform, f.document_id, f.unit), 0)) as half_width
    from fact as f
    join currency as r on r.platform = f.platform and r.document_id = f.document_id
)
select
    t.platform::varchar                          as platform,        -- platform slug
    t.metric::varchar                            as metric,          -- metric slug
    t.taxonomy::varchar                          as taxonomy,        -- us-gaap or ifrs-full
    t.concept::varchar                           as concept,         -- XBRL concept
    t.priority::integer                          as priority,        -- rank of the concept among those that tell the metric
    t.unit::varchar                              as unit,            -- ISO 4217 code
    t.filing_currency::varchar                   as filing_currency, -- currency in which the filing reports: the one with most figures, for a translation has no comparatives
    t.period_start::date                         as period_start,    -- first day of the period
    t.period_end::date                           as period_end,      -- last day of the period
    t.span::varchar                              as span,            -- by days: quarter 84-98, half 175-190, nine_months 266-280, year 357-371, other
    if(t.span = 'year', if(t.ends_fiscal_year, 'year', 'ttm'), if(t.span = 'quarter', 'quarter', 'other'))::varchar as period_type, -- year only where it ends within 7 days of the issuer's fiscal year, else ttm
    if(t.sign = 'positive', abs(t.val), t.val)::decimal(28, 6) as value, -- figure in base units of unit
    t.half_width::decimal(28, 6)                 as half_width,      -- half a rounding unit, by the trailing zeros of the concept in this filing: an upper bound
    (t.sign = 'positive')::boolean               as is_spent,        -- whether it is an amount spent, which is never negative
    (t.sign = 'positive' and t.val < 0)::boolean as is_sign_flipped, -- whether an amount spent is tagged as a negative number
    rtrim(t.digits, '.')::varchar                as printed_as,      -- value as it is tagged
    t.document_id::varchar                       as document_id,     -- filing
    t.form::varchar                              as form,            -- form of the filing
    t.published_on::date                         as published_on,    -- day of filing
    t.loaded_at::timestamptz                     as loaded_at        -- when this warehouse knew it
from told as t
