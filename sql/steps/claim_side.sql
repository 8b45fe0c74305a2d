-- The figures that the start or the end of a part of a claim could rest on, as known on its own day and now; or the name of what is missing.
-- grain: claim_id, part, subject, vintage, side, definition, scope, unit, period_end, period_start, window_end
-- twin: no
with wanted as (
    select
        p.* exclude (claimed, claimed_low, claimed_high), p.part in ('multiple', 'growth', 'direction') as is_change, coalesce(w.side, 'to') as side,
        w.period, w.months, w.period_start as starts, w.period_end as ends, t.vintage, if(t.vintage = 'then', c.published_on, null) as known_day,
        d.definition as plain_cost, coalesce(y.name, if(p.subject = 'industry', 'the whole industry', p.subject)) as name,
        f.reporting_currency, if(p.measure = 'cac', 'acquisition cost', coalesce(lower(m.label), replace(p.measure, '_', ' ') || coalesce(' (' || c.definition_stated || ')', ''))) as label
    from steps.claim_part as p
    join core.claim as c on c.claim_id = p.claim_id and p.measure not like 'partnership%'
    join (values ('then'), ('now')) as t(vintage) on t.vintage = 'now' or c.published_on is not null
    left join steps.claim_window as w on w.claim_id = p.claim_id and w.part = p.part and w.subject = p.subject
    left join core.definition as d on d.is_plain and d.months = if(w.months = 3, 3, 12)
    left join core.metric as m on m.metric = p.measure
    left join core.platform as f on f.platform = p.subject
    left join core.party as y on y.party = p.subject
),
figure as (
    select f.*, d.months as cost_months, d.is_plain as is_plain_cost, v.is_checkable
    from steps.claim_figure as f
    left join core.definition as d on d.definition = f.definition
    left join core.term as v on v.kind = 'validity' and v.term = f.validity
),
met as (
    select w.*, f.* exclude (known_day, unit, kind, cost_months, is_plain_cost), f.unit as found_unit, if(f.metric = 'cac', f.definition = w.plain_cost, abs(f.period_end - w.ends) <= 7
        and coalesce(abs(f.period_start - w.starts) <= 7, f.period_start is null) or f.period_start is null and f.period_end between w.starts and w.ends) as is_plain
    from wanted as w
    join figure as f
        on f.known_day is not distinct from w.known_day and f.platform = w.subject and f.metric = w.measure and (w.is_change or f.unit = w.unit)
        and case
            when f.metric = 'cac' then abs(f.period_end - w.ends) <= 7 and if(w.months = 3, f.is_plain_cost, w.months = 12 and f.cost_months >= 12)
            when f.kind = 'flow' then abs(f.period_end - w.ends) <= 7 and abs(f.period_start - w.starts) <= 7
            else sign(coalesce(w.starts, w.ends) - coalesce(f.period_start, f.period_end)) * sign(w.ends - f.period_end) <= 0
        end
),
side as (
    select m.* from met as m where m.is_plain or m.is_checkable and coalesce(m.value, m.low, m.high) is not null
    union all by name
    select w.*, if(w.measure = 'cac', w.plain_cost, 'printed_figure') as definition, '' as scope, w.starts as period_start, w.ends as period_end, 'nothing_printed' as validity,
        true as is_plain from wanted as w
    anti join (select m.* from met as m where m.is_plain) as m using (claim_id, part, subject, vintage, side, ends)
),
told as (
    select
        s.*, not s.is_change and s.unit like '%\_per\_person' escape '\' and s.reporting_currency || '_per_person' <> s.unit as is_foreign,
        s.name || if(s.scope = '', '', ', ' || s.scope || ',') as whom, s.period_start - 1 as day_before, n.first_count,
        if(s.ends is null, 'a period that the claim does not name', concat_ws(' to ', s.period_start, s.period_end)) as days
    from side as s
    left join (select f.known_day, f.platform, min(f.period_end) as first_count from steps.claim_figure as f where f.metric = 'annual_active_buyers' group by all) as n
        on n.known_day is not distinct from s.known_day and n.platform = s.subject
)
select
    t.claim_id::varchar    as claim_id,     -- identifier of the claim
    t.part::varchar        as part,         -- part of the claim
    t.subject::varchar     as subject,      -- party it speaks of
    t.vintage::varchar     as vintage,      -- then (as known on the day of the claim) or now
    t.side::varchar        as side,         -- to, or from for the start of a change
    t.definition::varchar  as definition,   -- which acquisition cost, see core.definition, or printed_figure
    t.scope::varchar       as scope,        -- perimeter; '' is the whole
    t.found_unit::varchar  as unit,         -- unit of the value; empty where nothing is known
    t.period::varchar      as period,       -- how the claim's period was read; empty where it names none
    t.ends::date           as window_end,   -- last day of that period
    t.period_start::date   as period_start, -- first day of the figure's period
    t.period_end::date     as period_end,   -- last day of the figure's period
    t.is_plain::boolean    as is_plain,     -- whether definition and period are the nearest to the claim's words
    t.value::double        as value,        -- figure, in unit
    t.low::double          as low,          -- least the printed digits allow; empty when open
    t.high::double         as high,         -- greatest the printed digits allow; empty when open
    t.validity::varchar    as validity,     -- whether there is a number, or why not, see core.term
    case
        when t.is_checkable then null
        when t.is_foreign then format('{} of {} in {}: its figures in {}, and an exchange rate, for {}', t.label, t.whom, left(t.unit, 3), t.reporting_currency, t.days)
        when t.validity = 'missing_spend' then format('sales and marketing expense of {} for {}', t.name, t.days)
        when t.validity like 'missing%' then format('annual active buyers of {} on {}', t.whom, if(t.validity = 'missing_buyers_end', t.period_end, t.day_before))
        when t.validity = 'net_loss_of_buyers' then format('new buyers of {} for {} (it lost more than it won)', t.whom, t.days)
        when t.validity <> 'nothing_printed' then format('annual active buyers of {} on {} and {}, {}', t.whom, t.day_before, t.period_end,
            if(t.validity = 'definition_break', 'counted in one way', 'in finer print'))
        when t.measure <> 'cac' then format('{} of {} for {}', t.label, t.whom, t.days)
        when t.first_count is null and t.reporting_currency is not null then format('annual active buyers of {} at both ends of {} (nobody printed them)', t.whom, t.days)
        else format('sales and marketing expense of {} for {}, and its annual active buyers at both ends ({})', t.whom, t.days,
            coalesce(format('at most one of the three was printed; the first count of its buyers is of {}', t.first_count), 'no figure of it is here'))
    end::varchar           as missing,      -- figure that would be needed; empty where a number is known
    t.flags::varchar[]     as flags,        -- what a reader must know
    t.input_observation_ids::varchar[] as input_observation_ids -- figures it is computed from
from told as t
