-- What it cost a platform to win a buyer: every public definition of customer acquisition cost, by period end, with its
-- interval.
-- A row without a number says why in validity. Index and growth compare with dated rows of the same platform, scope and
-- definition, between which nothing changed in what is counted as a buyer.
-- grain: platform, scope, definition, period_end
-- partition: platform
with cost as (
    select
        cac_ratio.platform,
        cac_ratio.scope,
        cac_ratio.definition,
        cac_ratio.period_start,
        cac_ratio.period_end,
        cac_ratio.spend,
        cac_ratio.net_adds,
        cac_ratio.buyers_won,
        cac_ratio.cac,
        cac_ratio.cac_low,
        cac_ratio.cac_high,
        cac_ratio.currency,
        cac_ratio.expense_nature,
        cac_ratio.consolidation,
        cac_ratio.validity,
        cac_ratio.flags,
        cac_ratio.input_observation_ids,
        cac_ratio.known_on
    from steps.cac_ratio as cac_ratio
    union all
    select
        cac_marginal.platform,
        cac_marginal.scope,
        cac_marginal.definition,
        cac_marginal.period_start,
        cac_marginal.period_end,
        cac_marginal.spend_change,
        cac_marginal.net_adds_change,
        cac_marginal.net_adds_change,
        cac_marginal.cac,
        cac_marginal.cac_low,
        cac_marginal.cac_high,
        cac_marginal.currency,
        cac_marginal.expense_nature,
        cac_marginal.consolidation,
        cac_marginal.validity,
        cac_marginal.flags,
        cac_marginal.input_observation_ids,
        cac_marginal.known_on
    from steps.cac_marginal as cac_marginal
),
dated as (
    select
        cost.*,
        term.is_ranked as is_valid,
        definition.months < 12 as is_quarter,
        definition.based_on is null as is_level,
        fiscal_month(platform.fiscal_year_end) as fiscal_month,
        platform.fiscal_year_named = 'by_start' and fiscal_month(platform.fiscal_year_end) < 12 as is_named_by_start,
        (cost.period_end - 15)::date as mid_month,
        (
            select max(definition_break.from_period_end) from core.definition_break as definition_break
            where
                definition_break.platform = cost.platform
                and definition_break.metric = 'annual_active_buyers'
                and definition_break.scope = cost.scope
                and definition_break.from_period_end <= cost.period_end
        ) as counted_from
    from cost
    join core.platform as platform on platform.platform = cost.platform
    left join core.definition as definition on definition.definition = cost.definition
    left join core.term as term on term.kind = 'validity' and term.term = cost.validity
),
fiscal as materialized (
    select
        dated.*,
        year(dated.mid_month)
        + if(month(dated.mid_month) > dated.fiscal_month, 1, 0)
        - if(dated.is_named_by_start, 1, 0) as fiscal_year,
        (month(dated.mid_month) - dated.fiscal_month + 11) % 12 // 3 + 1 as fiscal_quarter
    from dated
),
base as (
    select fiscal.* from fiscal
    where
        fiscal.is_valid
        and fiscal.known_on is not null
        and fiscal.is_level
        and (fiscal.is_quarter or fiscal.fiscal_quarter = 4)
    qualify
        row_number() over (
            partition by fiscal.platform, fiscal.scope, fiscal.definition, fiscal.counted_from
            order by fiscal.period_end
        ) = 1
),
compared as (
    select
        fiscal.*,
        base.period_end as base_end,
        fiscal.is_valid
        and base.cac is not null
        and coalesce(one_of(base.expense_nature, fiscal.expense_nature), '') <> 'mixed'
        and coalesce(one_of(base.consolidation, fiscal.consolidation), '') <> 'mixed' as has_index,
        fiscal.is_valid
        and year_before.is_valid
        and year_before.known_on is not null
        and fiscal.is_level
        and coalesce(one_of(year_before.expense_nature, fiscal.expense_nature), '') <> 'mixed'
        and coalesce(one_of(year_before.consolidation, fiscal.consolidation), '') <> 'mixed' as has_growth,
        has_index
        and fiscal.period_end >= (base.period_end + interval 2 year)::date - 7 as has_cagr,
        base.cac as base_cac,
        base.cac_low as base_low,
        base.cac_high as base_high,
        year_before.cac as earlier_cac,
        year_before.cac_low as earlier_low,
        year_before.cac_high as earlier_high,
        (fiscal.period_end - base.period_end) / 365.25 as years,
        base.known_on as base_known_on,
        if(has_growth, year_before.known_on, null) as earlier_known_on
    from fiscal
    left join base
        on
            base.platform = fiscal.platform
            and base.scope = fiscal.scope
            and base.definition = fiscal.definition
            and base.counted_from is not distinct from fiscal.counted_from
            and base.period_end <= fiscal.period_end
    left join fiscal as year_before
        on
            year_before.platform = fiscal.platform
            and year_before.scope = fiscal.scope
            and year_before.definition = fiscal.definition
            and year_before.counted_from is not distinct from fiscal.counted_from
            and is_same_end(year_before.period_end, months_before(fiscal.period_end, 12))
)
select
    row_id(compared.platform, compared.scope, compared.definition, compared.period_end)::varchar as row_id,
    -- identifier of the row, for make explain
    compared.platform::varchar as platform,       -- platform slug
    compared.scope::varchar as scope,             -- perimeter of the buyer count; '' is the whole
    compared.definition::varchar as definition,   -- which acquisition cost, see core.definition
    compared.period_start::date as period_start,  -- first day of the window
    compared.period_end::date as period_end,      -- last day of the window
    if(
        compared.is_quarter or compared.fiscal_quarter <> 4,
        'FY' || compared.fiscal_year || ' Q' || compared.fiscal_quarter,
        'FY' || compared.fiscal_year
    )::varchar as fiscal_label,                   -- fiscal year in which the window ends, as the company names it
    if(
        compared.is_quarter or month(compared.mid_month) <> 12,
        year(compared.mid_month) || ' Q' || quarter(compared.mid_month),
        year(compared.mid_month)::varchar
    )::varchar as calendar_label,                 -- calendar year, or calendar quarter in which the window ends
    compared.spend::decimal(28, 6) as spend,  -- sales and marketing expense, in currency; of a marginal cost its change
    compared.net_adds::decimal(28, 6) as net_adds,
    -- annual active buyers gained less lapsed, persons; of a marginal cost its change
    compared.buyers_won::decimal(28, 6) as buyers_won,
    -- denominator: net adds, or buyers won under the loss scenario, persons
    compared.cac::double as cac,  -- acquisition cost, currency per buyer; empty where validity is a null reason
    compared.cac_low::double as cac_low,          -- least the printed digits allow, currency per buyer
    compared.cac_high::double as cac_high,
    -- greatest the printed digits allow, currency per buyer; empty when unbounded
    compared.currency::varchar as currency,       -- ISO 4217 code
    compared.expense_nature::varchar as expense_nature,
    -- what the expense holds, such as advertising_only, see core.expense_line; empty where it is not printed
    compared.consolidation::varchar as consolidation,
    -- parts of the company that the figures cover, see core.consolidation; '' where nothing was bought or sold, mixed
    -- where they differ
    compared.validity::varchar as validity,       -- whether there is a number, or why not, see core.term
    compared.flags::varchar[] as flags,           -- what a reader must know
    compared.counted_from::date as counted_from,
    -- last change of what is counted as a buyer, as the first period end that counts so; empty where none came before
    compared.base_end::date as index_base,
    -- period end of the base of the index: the first valid one of the series since counted_from
    if(
        compared.has_index,
        if(compared.period_end = compared.base_end, 100, 100 * compared.cac / compared.base_cac),
        null
    )::double as cac_index,                       -- acquisition cost where the base is 100; both ends valid
    if(
        compared.has_index,
        if(compared.period_end = compared.base_end, 100, 100 * compared.cac_low / compared.base_high),
        null
    )::double as cac_index_low,                   -- least the prints allow
    if(
        compared.has_index,
        if(compared.period_end = compared.base_end, 100, 100 * compared.cac_high / compared.base_low),
        null
    )::double as cac_index_high,                  -- greatest the prints allow
    if(compared.has_growth, 100 * (compared.cac / compared.earlier_cac - 1), null)::double as cac_growth_pct,
    -- change against the window a year earlier, percent
    if(compared.has_growth, 100 * (compared.cac_low / compared.earlier_high - 1), null)::double as cac_growth_pct_low,
    -- least the prints allow, percent
    if(compared.has_growth, 100 * (compared.cac_high / compared.earlier_low - 1), null)::double as cac_growth_pct_high,
    -- greatest the prints allow, percent
    if(compared.has_cagr, 100 * (pow(compared.cac / compared.base_cac, 1 / compared.years) - 1), null)::double
        as cac_cagr_pct,                          -- yearly growth since the base, percent; two years or more
    if(
        compared.has_index,
        known_on(
            compared.known_on, compared.base_known_on, day_if(compared.has_growth, compared.earlier_known_on)
        ),
        null
    )::date as compared_known_on,  -- first day on which index and growth could have been computed as well
    compared.input_observation_ids::varchar[] as input_observation_ids,
    -- figures it is computed from, see core.observation
    compared.known_on::date as known_on
    -- first day on which the cost as shown could have been computed; empty with an undated input
from compared
