-- What stands beside a ranked cost of twelve months or of two years: what its flags mean, and the numbers or bounds of
-- the last two single years that ended after a window over more than one.
-- group: cost_steps
-- grain: row_id
-- twin: no
with trend as (
    select
        cost.*,
        definition.months,
        term.is_ranked
    from marts.cac_trend as cost
    join core.definition as definition on definition.definition = cost.definition
    join core.term as term on term.kind = 'validity' and term.term = cost.validity
    where definition.months between 12 and 24 and not definition.is_scenario and definition.based_on is null
),
ranked as (
    select trend.* from trend
    where trend.is_ranked
),
caution as (
    select
        flagged.row_id,
        string_agg(split_part(term.meaning, ';', 1), '; ' order by term.term) as cautions
    from (
        select
            ranked.row_id,
            unnest(ranked.flags) as flag
        from ranked
    ) as flagged
    join core.term as term on term.kind = 'flag' and term.term = flagged.flag
    where flagged.flag not in ('known_on_bound', 'undated_input')
    group by flagged.row_id
),
later as (
    select
        year.*,
        ranked.row_id as window_id,
        row_number() over (partition by ranked.row_id order by year.period_end desc) as place
    from ranked
    join trend as year
        on year.platform = ranked.platform and year.scope = ranked.scope and year.period_end > ranked.period_end
    where
        ranked.months > 12
        and year.months = 12
        and year.fiscal_label not like '% Q%'
        and (year.cac_low is not null or year.cac_high is not null)
)
select
    ranked.row_id::varchar as row_id,                         -- the cost, see marts.cac_trend
    caution.cautions::varchar as cautions,
    -- what its flags mean, without those of the day; empty where there is none
    first_year.period_start::date as first_year_start,        -- first day of the last year but one
    first_year.period_end::date as first_year_end,            -- last day of the last year but one
    first_year.cac::double as first_year_cac,                 -- its cost, currency per buyer; empty where only bounds
    first_year.cac_low::double as first_year_cac_low,         -- least the prints allow
    first_year.cac_high::double as first_year_cac_high,       -- greatest the prints allow; empty when unbounded
    second_year.period_start::date as second_year_start,      -- first day of the last year
    second_year.period_end::date as second_year_end,          -- last day of the last year
    second_year.cac::double as second_year_cac,               -- its cost, currency per buyer; empty where only bounds
    second_year.cac_low::double as second_year_cac_low,       -- least the prints allow
    second_year.cac_high::double as second_year_cac_high,     -- greatest the prints allow; empty when unbounded
    followed_by(first_year.input_observation_ids, second_year.input_observation_ids)::varchar[]
        as years_input_observation_ids                        -- figures that the two years are computed from
from ranked
left join caution on caution.row_id = ranked.row_id
left join later as first_year on first_year.window_id = ranked.row_id and first_year.place = 2
left join later as second_year on second_year.window_id = ranked.row_id and second_year.place = 1
