-- What it cost a platform to win a buyer: every public definition of customer acquisition cost, by period end, with its interval.
-- A row without a number says why in validity. Index and growth compare with dated rows of the same platform, scope and definition.
-- grain: platform, scope, definition, period_end
with cost as (
    select r.platform, r.scope, r.definition, r.period_start, r.period_end, r.spend, r.net_adds, r.buyers_won, r.cac, r.cac_low,
        r.cac_high, r.currency, r.validity, r.flags, r.input_observation_ids, r.known_on
    from steps.cac_ratio as r
    union all
    select m.platform, m.scope, m.definition, m.period_start, m.period_end, m.spend_change, m.net_adds_change, m.net_adds_change,
        m.cac, m.cac_low, m.cac_high, m.currency, m.validity, m.flags, m.input_observation_ids, m.known_on
    from steps.cac_marginal as m
),
dated as (
    select
        c.*, v.is_ranked as is_valid, d.months < 12 as is_quarter, d.based_on is null as is_level,
        split_part(p.fiscal_year_end, '-', 1)::integer as fiscal_month,
        (c.period_end - 15)::date as mid_month
    from cost as c
    join core.platform as p on p.platform = c.platform
    left join core.definition as d on d.definition = c.definition
    left join core.term as v on v.kind = 'validity' and v.term = c.validity
),
fiscal as materialized (
    select
        d.*, year(d.mid_month) + if(month(d.mid_month) > d.fiscal_month, 1, 0) as fiscal_year,
        (month(d.mid_month) - d.fiscal_month + 11) % 12 // 3 + 1 as fiscal_quarter
    from dated as d
),
base as (
    select f.* from fiscal as f
    where f.is_valid and f.known_on is not null and f.is_level and (f.is_quarter or f.fiscal_quarter = 4)
    qualify row_number() over (partition by f.platform, f.scope, f.definition order by f.period_end) = 1
),
compared as (
    select
        f.*, b.period_end as base_end, f.is_valid and b.cac is not null as has_index,
        f.is_valid and z.is_valid and z.known_on is not null and f.is_level as has_growth,
        f.is_valid and b.cac is not null and f.period_end >= (b.period_end + interval 2 year)::date - 7 as has_cagr,
        b.cac as b_cac, b.cac_low as b_low, b.cac_high as b_high, z.cac as z_cac, z.cac_low as z_low, z.cac_high as z_high,
        (f.period_end - b.period_end) / 365.25 as years, b.known_on as b_known_on, if(has_growth, z.known_on, null) as z_known_on
    from fiscal as f
    left join base as b
        on b.platform = f.platform and b.scope = f.scope and b.definition = f.definition and b.period_end <= f.period_end
    left join fiscal as z
        on z.platform = f.platform and z.scope = f.scope and z.definition = f.definition
        and abs(z.period_end - ((f.period_end + 1 - interval 1 year)::date - 1)) <= 7
)
select
    concat_ws('/', c.platform, if(c.scope = '', 'whole', c.scope), c.definition, c.period_end)::varchar as row_id, -- identifier of the row, for make explain
    c.platform::varchar                as platform,              -- platform slug
    c.scope::varchar                   as scope,                 -- perimeter of the buyer count; '' is the whole
    c.definition::varchar              as definition,            -- which acquisition cost, see core.definition
    c.period_start::date               as period_start,          -- first day of the window
    c.period_end::date                 as period_end,            -- last day of the window
    if(c.is_quarter or c.fiscal_quarter <> 4, 'FY' || c.fiscal_year || ' Q' || c.fiscal_quarter, 'FY' || c.fiscal_year)::varchar as fiscal_label, -- fiscal year of the company in which the window ends
    if(c.is_quarter or month(c.mid_month) <> 12, year(c.mid_month) || ' Q' || quarter(c.mid_month), year(c.mid_month)::varchar)::varchar as calendar_label, -- calendar year, or calendar quarter in which the window ends
    c.spend::decimal(28, 6)            as spend,                 -- sales and marketing expense, in currency; of a marginal cost its change
    c.net_adds::decimal(28, 6)         as net_adds,              -- annual active buyers gained less lapsed, persons; of a marginal cost its change
    c.buyers_won::decimal(28, 6)       as buyers_won,            -- denominator: net adds, or buyers won under the loss scenario, persons
    c.cac::double                      as cac,                   -- acquisition cost, currency per buyer; empty where validity is a null reason
    c.cac_low::double                  as cac_low,               -- least the printed digits allow, currency per buyer
    c.cac_high::double                 as cac_high,              -- greatest the printed digits allow, currency per buyer; empty when unbounded
    c.currency::varchar                as currency,              -- ISO 4217 code
    c.validity::varchar                as validity,              -- whether there is a number, or why not, see core.term
    c.flags::varchar[]                 as flags,                 -- what a reader must know
    c.base_end::date                   as index_base,            -- period end of the base of the index: the first valid one of the series
    if(c.has_index, if(c.period_end = c.base_end, 100, 100 * c.cac / c.b_cac), null)::double as cac_index, -- acquisition cost where the base is 100; both ends valid
    if(c.has_index, if(c.period_end = c.base_end, 100, 100 * c.cac_low / c.b_high), null)::double as cac_index_low, -- least the prints allow
    if(c.has_index, if(c.period_end = c.base_end, 100, 100 * c.cac_high / c.b_low), null)::double as cac_index_high, -- greatest the prints allow
    if(c.has_growth, 100 * (c.cac / c.z_cac - 1), null)::double as cac_growth_pct, -- change against the window a year earlier, percent
    if(c.has_growth, 100 * (c.cac_low / c.z_high - 1), null)::double as cac_growth_pct_low, -- least the prints allow, percent
    if(c.has_growth, 100 * (c.cac_high / c.z_low - 1), null)::double as cac_growth_pct_high, -- greatest the prints allow, percent
    if(c.has_cagr, 100 * (pow(c.cac / c.b_cac, 1 / c.years) - 1), null)::double as cac_cagr_pct, -- yearly growth since the base, percent; two years or more
    if(c.has_index and c.known_on is not null, greatest(c.known_on, c.b_known_on, c.z_known_on), null)::date as compared_known_on, -- first day on which index and growth could have been computed as well
    c.input_observation_ids::varchar[] as input_observation_ids, -- figures it is computed from, see core.observation
    c.known_on::date                   as known_on               -- first day on which the cost as shown could have been computed; empty with an undated input
from compared as c
