-- The figures that the start or the end of a part of a claim could rest on, as known on its own day and now; or the
-- name of what is missing.
-- group: claim_steps
-- grain: claim_id, part, subject, vintage, side, definition, scope, unit, period_end, period_start, window_end
-- twin: no
with wanted as (
    select
        part.* exclude (claimed, claimed_low, claimed_high),
        part.part in ('multiple', 'growth', 'direction') as is_change,
        coalesce(claim_window.side, 'to') as side,
        claim_window.period,
        claim_window.months,
        claim_window.period_start as starts,
        claim_window.period_end as ends,
        vintage.vintage,
        if(vintage.vintage = 'then', claim.published_on, null) as known_day,
        definition.definition as plain_cost,
        coalesce(party.name, if(part.subject = 'industry', 'the whole industry', part.subject)) as name,
        platform.reporting_currency,
        if(
            part.measure = 'cac',
            'acquisition cost',
            coalesce(
                lower(metric.label),
                replace(part.measure, '_', ' ') || coalesce(' (' || claim.definition_stated || ')', '')
            )
        ) as label
    from steps.claim_part as part
    join core.claim as claim on claim.claim_id = part.claim_id and part.measure not like 'partnership%'
    join (values ('then'), ('now')) as vintage (vintage) on vintage.vintage = 'now' or claim.published_on is not null
    left join
        steps.claim_window as claim_window
        on
            claim_window.claim_id = part.claim_id
            and claim_window.part = part.part
            and claim_window.subject = part.subject
    left join
        core.definition as definition
        on definition.is_plain and definition.months = if(claim_window.months = 3, 3, 12)
    left join core.metric as metric on metric.metric = part.measure
    left join core.platform as platform on platform.platform = part.subject
    left join core.party as party on party.party = part.subject
),
figure as (
    select
        figure.*,
        definition.months as cost_months,
        definition.is_plain as is_plain_cost,
        term.is_checkable
    from steps.claim_figure as figure
    left join core.definition as definition on definition.definition = figure.definition
    left join core.term as term on term.kind = 'validity' and term.term = figure.validity
),
met as (
    select
        wanted.*,
        figure.* exclude (known_day, unit, kind, cost_months, is_plain_cost),
        figure.unit as found_unit,
        if(
            figure.metric = 'cac', figure.definition = wanted.plain_cost, is_same_end(figure.period_end, wanted.ends)
            and coalesce(is_same_end(figure.period_start, wanted.starts), figure.period_start is null)
            or figure.period_start is null and figure.period_end between wanted.starts and wanted.ends
        ) as is_plain
    from wanted
    join figure
        on
            figure.known_day is not distinct from wanted.known_day
            and figure.platform = wanted.subject
            and figure.metric = wanted.measure
            and (wanted.is_change or figure.unit = wanted.unit)
            and case
                when
                    figure.metric = 'cac'
                    then
                        is_same_end(figure.period_end, wanted.ends)
                        and if(wanted.months = 3, figure.is_plain_cost, wanted.months = 12 and figure.cost_months >= 12)
                when
                    figure.kind = 'flow'
                    then is_same_end(figure.period_end, wanted.ends) and is_same_end(figure.period_start, wanted.starts)
                else
                    sign(coalesce(wanted.starts, wanted.ends) - coalesce(figure.period_start, figure.period_end))
                    * sign(wanted.ends - figure.period_end)
                    <= 0
            end
),
side as (
    select met.* from met
    where met.is_plain or met.is_checkable and coalesce(met.value, met.low, met.high) is not null
    union all by name
    select
        wanted.*,
        if(wanted.measure = 'cac', wanted.plain_cost, 'printed_figure') as definition,
        '' as scope,
        wanted.starts as period_start,
        wanted.ends as period_end,
        'nothing_printed' as validity,
        true as is_plain
    from wanted
    anti join (
        select met.* from met
        where met.is_plain
    ) as plain
        using (claim_id, part, subject, vintage, side, ends)
),
told as (
    select
        side.*,
        not side.is_change
        and side.unit like '%\_per\_person' escape '\'
        and side.reporting_currency || '_per_person' <> side.unit as is_foreign,
        side.name || if(side.scope = '', '', ', ' || side.scope || ',') as whom,
        side.period_start - 1 as day_before,
        first_print.first_count,
        if(
            side.ends is null,
            'a period that the claim does not name',
            concat_ws(' to ', side.period_start, side.period_end)
        ) as days
    from side
    left join
        (select
            figure.known_day,
            figure.platform,
            min(figure.period_end) as first_count
        from steps.claim_figure as figure
        where figure.metric = 'annual_active_buyers'
        group by all) as first_print
        on first_print.known_day is not distinct from side.known_day and first_print.platform = side.subject
)
select
    told.claim_id::varchar as claim_id,       -- identifier of the claim
    told.part::varchar as part,               -- part of the claim
    told.subject::varchar as subject,         -- party it speaks of
    told.vintage::varchar as vintage,         -- then (as known on the day of the claim) or now
    told.side::varchar as side,               -- to, or from for the start of a change
    told.definition::varchar as definition,   -- which acquisition cost, see core.definition, or printed_figure
    told.scope::varchar as scope,             -- perimeter; '' is the whole
    told.found_unit::varchar as unit,         -- unit of the value; empty where nothing is known
    told.period::varchar as period,           -- how the claim's period was read; empty where it names none
    told.ends::date as window_end,            -- last day of that period
    told.period_start::date as period_start,  -- first day of the figure's period
    told.period_end::date as period_end,      -- last day of the figure's period
    told.is_plain::boolean as is_plain,       -- whether definition and period are the nearest to the claim's words
    told.value::double as value,              -- figure, in unit
    told.low::double as low,                  -- least the printed digits allow; empty when open
    told.high::double as high,                -- greatest the printed digits allow; empty when open
    told.consolidation::varchar as consolidation,  -- parts of the company it covers, see core.consolidation
    told.expense_nature::varchar as expense_nature,
    -- what the expense holds, see core.expense_line; empty where there is none
    told.validity::varchar as validity,       -- whether there is a number, or why not, see core.term
    case
        when told.is_checkable then null
        when
            told.is_foreign
            then
                format(
                    '{} of {} in {}: its figures in {}, and an exchange rate, for {}',
                    told.label,
                    told.whom,
                    left(told.unit, 3),
                    told.reporting_currency,
                    told.days
                )
        when
            told.validity = 'missing_spend'
            then format('sales and marketing expense of {} for {}', told.name, told.days)
        when
            told.validity like 'missing%'
            then
                format(
                    'annual active buyers of {} on {}',
                    told.whom,
                    if(told.validity = 'missing_buyers_end', told.period_end, told.day_before)
                )
        when
            told.validity = 'net_loss_of_buyers'
            then format('new buyers of {} for {} (it lost more than it won)', told.whom, told.days)
        when told.validity <> 'nothing_printed'
            then
                format(
                    'annual active buyers of {} on {} and {}, {}', told.whom, told.day_before, told.period_end,
                    case told.validity
                        when 'definition_break' then 'counted in one way'
                        when 'consolidation_mismatch' then 'for the same parts of the company as the expense'
                        else 'in finer print'
                    end
                )
        when told.measure <> 'cac' then format('{} of {} for {}', told.label, told.whom, told.days)
        when
            told.first_count is null and told.reporting_currency is not null
            then format('annual active buyers of {} at both ends of {} (not in this data set)', told.whom, told.days)
        else format(
            'sales and marketing expense of {} for {}, and its annual active buyers at both ends ({})',
            told.whom,
            told.days,
            coalesce(
                format(
                    'at most one of the three is in this data set; the first count of its buyers is of {}',
                    told.first_count
                ),
                'no figure of it is here'
            )
        )
    end::varchar as missing,                  -- figure that would be needed; empty where a number is known
    told.flags::varchar[] as flags,           -- what a reader must know
    told.input_observation_ids::varchar[] as input_observation_ids  -- figures it is computed from
from told
