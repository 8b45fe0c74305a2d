-- What a deal did to a figure of one of its partners, or why nobody can tell: one row a study.
-- The headline is synthetic difference-in-differences on logarithms, in percent. An effect counts as seen only where
-- interval, placebos and an earlier day agree; else the row says what could not have been seen. There is no as-of twin:
-- an estimate is of today's figures.
-- grain: study_id
-- twin: no
-- contract: estimates
with unit as (
    select
        result.study_id,
        unnest(result.units).platform as platform,
        unnest(result.units).place as place,
        unnest(result.units).missing as missing
    from steps.study_result as result
),
point as (
    select
        result.study_id,
        unnest(result.points).number as number
    from steps.study_result as result
),
used as (
    select
        study.study_id,
        study.platform
    from steps.study as study
    union all
    select
        unit.study_id,
        unit.platform
    from unit
    where unit.place = 'donor'
),
perimeter as (
    select distinct
        value.metric,
        value.period,
        value.platform,
        value.scope,
        coalesce(value.expense_nature, '') as expense_nature
    from steps.study_value as value
),
compared as (
    select
        unit.study_id,
        list(unit.platform order by unit.platform) as donors,
        list(unit.platform order by unit.platform)
        filter (where donor.reporting_currency <> own.reporting_currency) as foreign_donors,
        bool_or(there.scope <> here.scope or there.expense_nature <> here.expense_nature) as is_other_perimeter
    from unit
    join steps.study as study on study.study_id = unit.study_id
    join core.platform as donor on donor.platform = unit.platform
    join core.platform as own on own.platform = study.platform
    left join
        perimeter as here
        on here.metric = study.metric and here.period = study.period and here.platform = study.platform
    left join
        perimeter as there
        on there.metric = study.metric and there.period = study.period and there.platform = unit.platform
    where unit.place = 'donor'
    group by unit.study_id
),
wanted as (
    select
        result.study_id,
        'before' as side,
        study.platform,
        unnest(range(result.gap_before - (result.fewest_before - result.before) + 1, result.gap_before + 1)) as number
    from steps.study_result as result
    join steps.study as study on study.study_id = result.study_id
    union all
    select
        result.study_id,
        'after',
        study.platform,
        unnest(range(result.gap_after, result.gap_after + result.fewest_after - result.after))
    from steps.study_result as result
    join steps.study as study on study.study_id = result.study_id
    union all
    select
        unit.study_id,
        'between',
        unit.platform,
        point.number
    from unit
    join point on point.study_id = unit.study_id
    where unit.place = 'missing_periods'
),
absent as (
    select
        wanted.study_id,
        wanted.side,
        wanted.platform,
        wanted.number,
        case study.period
            when 'week' then strftime(date '1970-01-05' + 7 * wanted.number::integer, 'week of %Y-%m-%d')
            else format('{} Q{}', wanted.number // 4, wanted.number % 4 + 1)
        end as named,
        study.period
    from wanted
    join steps.study as study on study.study_id = wanted.study_id
    left join steps.study_value as value
        on
            value.metric = study.metric
            and value.period = study.period
            and value.platform = wanted.platform
            and value.number = wanted.number
    where value.number is null
),
absence as (
    select
        absent.study_id,
        absent.side,
        absent.platform,
        case
            when count(*) > 12
                then
                    format(
                        '{} periods from {} to {}',
                        count(*),
                        min_by(absent.named, absent.number),
                        max_by(absent.named, absent.number)
                    )
            else string_agg(absent.named, ', ' order by absent.number)
        end
        || if(any_value(absent.period) = 'week', ' (a week of 0 is none)', '') as periods
    from absent
    group by absent.study_id, absent.side, absent.platform
),
lacking as (
    select
        unit.study_id,
        format(
            '{} ({})',
            coalesce(platform.name, unit.platform),
            case unit.place
                when 'missing_periods' then coalesce(absence.periods, unit.missing || ' missing')
                else replace(unit.place, '_', ' ')
            end
        ) as named,
        row_number() over (
            partition by unit.study_id
            order by unit.place <> 'missing_periods', unit.missing, unit.platform
        ) as place
    from unit
    left join core.platform as platform on platform.platform = unit.platform
    left join absence
        on absence.study_id = unit.study_id and absence.platform = unit.platform and absence.side = 'between'
    where unit.place <> 'donor' and unit.place <> 'partner' and unit.place <> 'not_listed'
),
nearest as (
    select
        lacking.study_id,
        string_agg(lacking.named, ', ' order by lacking.place) as platforms
    from lacking
    where lacking.place <= 6
    group by lacking.study_id
),
figures as (
    select
        point.study_id,
        min(value.period_end) as first_end,
        max(value.period_end) as last_end,
        bool_or(value.is_simulated) as is_simulated,
        bool_or(value.observation_id is not null and value.published_on is null) as is_undated,
        max(value.published_on) as published_on
    from point
    join steps.study as study on study.study_id = point.study_id
    join used on used.study_id = point.study_id
    join
        steps.study_value as value
        on
            value.metric = study.metric
            and value.period = study.period
            and value.platform = used.platform
            and value.number = point.number
    group by point.study_id
),
told as (
    select
        result.*,
        study.partnership_id,
        study.platform,
        study.metric,
        study.period,
        study.event_on,
        study.reason,
        coalesce(compared.donors, []) as donors,
        coalesce(compared.foreign_donors, []) as foreign_donors,
        compared.is_other_perimeter,
        coalesce(len(compared.donors), 0) as donor_count,
        case study.period when 'week' then 'weeks' else 'quarters' end as periods,
        study.event_on is not null and study.metric <> '' and result.before < result.fewest_before as lacks_before,
        study.event_on is not null and study.metric <> '' and result.after < result.fewest_after as lacks_after,
        result.before > 0
        and result.after > 0
        and coalesce(len(compared.donors), 0) < result.few_donors as lacks_donors,
        coalesce(metric.label, study.metric) as figure,
        coalesce(partner.name, study.platform) as partner,
        before.periods as absent_before,
        after.periods as absent_after,
        nearest.platforms as nearest,
        figures.first_end,
        figures.last_end,
        coalesce(figures.is_simulated, false) as is_simulated,
        figures.is_undated,
        case when not figures.is_undated then figures.published_on end as known_on,
        case
            when not result.is_seen then 'no_effect_seen'
            when result.is_shared then 'effect_shared'
            else 'effect_seen'
        end as verdict,
        study.donors is not null as is_listed
    from steps.study_result as result
    join steps.study as study on study.study_id = result.study_id
    left join compared on compared.study_id = result.study_id
    left join nearest on nearest.study_id = result.study_id
    left join figures on figures.study_id = result.study_id
    left join core.metric as metric on metric.metric = study.metric
    left join core.platform as partner on partner.platform = study.platform
    left join absence as before
        on before.study_id = study.study_id and before.platform = study.platform and before.side = 'before'
    left join absence as after
        on after.study_id = study.study_id and after.platform = study.platform and after.side = 'after'
)
select
    told.study_id::varchar as study_id,
    -- deal/partner/figure/period, or the slug of a declared study
    told.partnership_id::varchar as partnership_id,        -- the deal
    told.platform::varchar as platform,                    -- the partner whose figure it is
    told.metric::varchar as metric,                        -- the figure
    told.period::varchar as period,                        -- quarter, ttm (twelve months) or week
    told.event_on::date as event_on,                       -- day from which the effect is looked for
    told.status::varchar as status,                        -- ok, exploratory or why there is no estimate, see core.term
    (case when told.estimate is not null then told.verdict end)::varchar as verdict,
    -- what an estimate amounts to; empty without one
    (case
        when told.estimate is null then term.meaning
        when told.verdict = 'no_effect_seen'
            then format(
                'consistent with no effect; less than {:.1f} % could not have been seen',
                100 * (exp(told.smallest) - 1)
            )
        else
            format(
                '{:+.1f} % [{:+.1f}, {:+.1f}]{}',
                100 * (exp(told.estimate) - 1), 100 * (exp(told.low) - 1), 100 * (exp(told.high) - 1),
                case when told.is_shared then ', of this deal and another of the partner together' else '' end
            )
    end)::varchar as wording,                              -- the answer in one sentence
    (100 * (exp(told.estimate) - 1))::double as effect_pct,  -- estimate, in percent of what was to be expected
    (100 * (exp(told.low) - 1))::double as effect_pct_low,   -- lower end of its 95 % interval, from placebos
    (100 * (exp(told.high) - 1))::double as effect_pct_high,  -- upper end of it
    (100 * (exp(told.smallest) - 1))::double as smallest_pct,
    -- smallest increase that could have been seen, in percent
    (100 * (exp(told.least) - 1))::double as left_out_pct_low,   -- least estimate when each donor is left out
    (100 * (exp(told.most) - 1))::double as left_out_pct_high,   -- greatest one
    told.share_of_placebos::double as share_of_placebos,   -- share of platform and donors with an effect as large
    (100 * (exp(told.in_time) - 1))::double as in_time_pct,  -- estimate for an earlier day, on which there was no deal
    (100 * (exp(told.in_time_smallest) - 1))::double as in_time_smallest_pct,  -- what that would have had to exceed
    (100 * (exp(told.demeaned_control) - 1))::double as demeaned_control_pct,  -- estimate of demeaned synthetic control
    (100 * (exp(told.difference) - 1))::double as difference_pct,  -- estimate of difference-in-differences
    told.fit::double as fit,
    -- how far the control misses the platform before the day, over the platform's own scatter; above 0.5
    -- only where donors are missed nearly as far
    told.before::bigint as periods_before,                 -- periods before the day that are compared
    told.after::bigint as periods_after,                   -- periods after it
    told.first_end::date as first_period_end,              -- last day of the first of them
    told.last_end::date as last_period_end,                -- last day of the last one
    told.donors::varchar[] as donors,                      -- platforms that it is compared with
    told.foreign_donors::varchar[] as foreign_donors,      -- of them those that report in another currency
    (case when told.estimate is null then nullif(
        concat_ws(
            '; ',
            case told.status
                when 'unknown_day' then 'the day on which the deal began'
                when 'poor_fit'
                    then
                        format(
                            'the control misses by {:.2f} of the scatter, and by half more than donors are missed',
                            told.fit
                        )
                when 'in_time_placebo_failed'
                    then format(
                        'an earlier day shows {:+.1f} %, beyond {:.1f} %', 100 * (exp(told.in_time) - 1),
                        100 * (exp(told.in_time_smallest) - 1)
                    )
                when 'definition_break' then term.meaning
                when 'not_public_metric' then term.meaning
                when 'partner_excluded' then term.meaning
                when 'no_variation' then term.meaning
                when 'no_convergence' then term.meaning
            end,
            case
                when told.lacks_before
                    then format(
                        'only {} of the {} {} needed before the day', told.before, told.fewest_before, told.periods
                    )
            end,
            case
                when told.lacks_after
                    then format('only {} of the {} {} needed after it', told.after, told.fewest_after, told.periods)
            end,
            case
                when told.lacks_donors then format('only {} of the {} donors needed', told.donor_count, told.few_donors)
            end
        ), ''
    ) end)::varchar as missing,                              -- what an estimate lacks; empty where there is one
    (case when told.estimate is null then nullif(
        concat_ws(
            '; ',
            case
                when told.status = 'unknown_day' then 'a document with the day, or event_on in studies.csv'
                when told.status = 'not_public_metric' then 'figures of a partner, printed or delivered'
                when told.status = 'partner_excluded' then 'a study in studies.csv with days outside the exclusion'
                when told.status = 'poor_fit' then 'donors that are more like it'
                when told.status = 'no_convergence' then 'other donors, or more of them'
                when told.status = 'no_variation' then 'figures that are not rounded away'
                when told.status = 'definition_break' then 'a study in studies.csv whose first_on lies after the break'
                when
                    told.status = 'in_time_placebo_failed'
                    then 'knowing what moved the figure then, and first_on after it'
            end,
            case
                when told.lacks_before and told.gap_before is not null
                    then format('{} of {} for {}', told.figure, told.partner, told.absent_before)
                when told.lacks_before then 'an earlier first_on'
            end,
            case
                when told.lacks_after and told.gap_after is not null
                    then format('{} of {} for {}', told.figure, told.partner, told.absent_after)
                when told.lacks_after then 'a later last_on: the deal''s end, or that of the study'
            end,
            case
                when told.lacks_donors and told.is_listed then 'more donors in the row of studies.csv'
                when told.lacks_donors
                    then concat(told.figure, ' of other platforms for these ', told.periods, ': ' || told.nearest)
            end
        ), ''
    ) end)::varchar as lifted_by,
    -- what would make an estimate possible; empty where there is one
    told.reason::varchar as reason,                        -- why it is asked like this; empty where nobody declared it
    all_flags(
        [
            case when len(told.foreign_donors) > 0 then 'foreign_donor' end,
            case when told.is_other_perimeter then 'other_perimeter' end,
            case when told.is_shared then 'partner_other_deal' end,
            case when told.has_donor_deal then 'donor_other_deal' end,
            case when told.estimate is not null and told.donor_count < 19 then 'few_placebos' end,
            case when told.is_undated then 'undated_input' end
        ]
    )::varchar[] as flags,                                 -- what stands against the estimate
    told.known_on::date as known_on,
    -- day of the latest document that it rests on; empty where one has no date, and for deliveries
    told.is_simulated::boolean as is_simulated             -- true where figures are made up, for a demo
from told
join core.term as term on term.kind = 'effect_status' and term.term = told.status
