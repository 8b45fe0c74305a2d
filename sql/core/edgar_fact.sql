-- What a filing says of a metric of a platform for a period: each concept that tells it, each currency.
-- A filing of an issuer that reports in yuan adds a translation of its latest year into dollars for convenience: it is
-- no figure.
-- group: filings
-- grain: platform, metric, taxonomy, concept, unit, period_start, period_end, document_id
with issuer as (
    select
        platform.platform,
        try_cast(regexp_replace(platform.sec_cik, '[^0-9]', '', 'g') as bigint) as cik,
        platform.fiscal_year_end,
        platform.reporting_currency
    from core.platform as platform
    where platform.sec_cik is not null
),
wanted as (
    select
        issuer.*,
        tag.metric,
        tag.taxonomy,
        tag.concept,
        tag.priority,
        tag.sign
    from issuer
    join core.edgar_concept as tag on tag.platform = issuer.platform or (tag.platform = '*' and not exists (
        select 1 from core.edgar_concept as own
        where own.platform = issuer.platform and own.metric = tag.metric
    ))
),
fact as (
    select
        wanted.*,
        fact.unit,
        fact.period_start,
        fact.period_end,
        fact.val,
        fact.loaded_at,
        filing.document_id,
        filing.form,
        filing.published_on,
        fact.period_end - fact.period_start + 1 as days,
        rtrim(fact.val::varchar, '0') as digits,
        -- zeros before the point, or less the digits behind it: the filing was rounded to no coarser a unit
        if(
            fact.val % 1 = 0, length(split_part(digits, '.', 1)) - length(rtrim(split_part(digits, '.', 1), '0')),
            -length(split_part(digits, '.', 2))
        ) as zeros,
        list_min(list_transform([-1, 0, 1], lambda shift: abs(fact.period_end - (
            make_date(year(fact.period_end) + shift, fiscal_month(wanted.fiscal_year_end), 1)
            + split_part(wanted.fiscal_year_end, '-', 2)::integer - 1
        )))) <= 7 as ends_fiscal_year
    from wanted
    join
        raw.edgar_fact as fact
        on
            fact.cik = wanted.cik
            and fact.taxonomy = wanted.taxonomy
            and fact.concept = wanted.concept
            and fact.superseded_at is null
    join core.edgar_filing as filing on filing.accession = fact.accn
    where fact.period_start is not null and regexp_full_match(fact.unit, '[A-Z]{3}')
),
currency as (
    select
        fact.platform,
        fact.document_id,
        fact.unit
    from fact
    group by fact.platform, fact.document_id, fact.unit, fact.reporting_currency
    qualify row_number() over (
        partition by fact.platform, fact.document_id
        order by count(*) desc, fact.unit = fact.reporting_currency desc, fact.unit
    ) = 1
),
told as (
    select
        fact.*,
        currency.unit as filing_currency,
        span_kind(fact.days) as span,
        0.5 * pow(10, coalesce(
            min(if(fact.val = 0, null, fact.zeros))
                over (partition by fact.platform, fact.document_id, fact.unit, fact.taxonomy, fact.concept),
            min(if(fact.val = 0, null, fact.zeros)) over (partition by fact.platform, fact.document_id, fact.unit), 0
        )) as half_width
    from fact
    join currency on currency.platform = fact.platform and currency.document_id = fact.document_id
)
select
    told.platform::varchar as platform,              -- platform slug
    told.metric::varchar as metric,                  -- metric slug
    told.taxonomy::varchar as taxonomy,              -- us-gaap or ifrs-full
    told.concept::varchar as concept,                -- XBRL concept
    told.priority::integer as priority,              -- rank of the concept among those that tell the metric
    told.unit::varchar as unit,                      -- ISO 4217 code
    told.filing_currency::varchar as filing_currency,
    -- currency in which the filing reports: the one with most figures, for a translation has no comparatives
    told.period_start::date as period_start,         -- first day of the period
    told.period_end::date as period_end,             -- last day of the period
    told.span::varchar as span,  -- by days: quarter 84-98, half 175-190, nine_months 266-280, year 357-371, other
    if(
        told.span = 'year', if(told.ends_fiscal_year, 'year', 'ttm'), if(told.span = 'quarter', 'quarter', 'other')
    )::varchar as period_type,  -- year only where it ends within 7 days of the issuer's fiscal year, else ttm
    if(told.sign = 'positive', abs(told.val), told.val)::decimal(28, 6) as value,  -- figure in base units of unit
    told.half_width::decimal(28, 6) as half_width,
    -- half a rounding unit, by the trailing zeros of the concept in this filing: an upper bound
    (told.sign = 'positive')::boolean as is_spent,   -- whether it is an amount spent, which is never negative
    (told.sign = 'positive' and told.val < 0)::boolean as is_sign_flipped,
    -- whether an amount spent is tagged as a negative number
    rtrim(told.digits, '.')::varchar as printed_as,  -- value as it is tagged
    told.document_id::varchar as document_id,        -- filing
    told.form::varchar as form,                      -- form of the filing
    told.published_on::date as published_on,         -- day of filing
    told.loaded_at::timestamp as loaded_at         -- when this warehouse knew it, UTC
from told
