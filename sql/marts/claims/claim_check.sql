-- Whether each part of each claim holds, for every definition, perimeter and period that could be meant, as known on its own day and now.
-- A part holds where what the claim's words allow and what the printed digits allow overlap. The days of deals are as known now.
-- grain: claim_id, part, subject, vintage, definition, scope, unit, period_start, period_end, base_period_start, base_period_end
-- twin: no
-- contract: verdicts
with judged as (
    select
        r.*, p.claimed, p.claimed_low, p.claimed_high, p.unit as claimed_unit, if(r.vintage = 'then', c.published_on, null) as as_known_on,
        coalesce(y.name, r.subject) as name, [] as partnership_ids, case
            when not coalesce(v.is_checkable, false) or coalesce(r.computed_low, r.computed_high, p.claimed_low, p.claimed_high) is null then 'not_checkable'
            when r.computed_low > p.claimed_high or r.computed_high < p.claimed_low then 'does_not_hold'
            when r.computed_low is null and p.claimed_low is not null or r.computed_high is null and p.claimed_high is not null then 'not_checkable'
            when r.part = 'direction' and r.computed_low < 0 and r.computed_high > 0 or coalesce(p.claimed_low, p.claimed_high) is null then 'not_checkable'
            else 'holds'
        end as verdict
    from steps.claim_reading as r
    join core.claim as c on c.claim_id = r.claim_id
    join steps.claim_part as p on p.claim_id = r.claim_id and p.part = r.part and p.subject = r.subject
    left join core.party as y on y.party = r.subject
    left join core.term as v on v.kind = 'validity' and v.term = r.validity
),
numbered as (
    select j.*, list_transform([j.claimed_low, j.claimed_high, j.computed_low, j.computed_high, j.computed], lambda x: regexp_replace(case
        when abs(x) >= 1e9 then format('{:.3f} billion', x / 1e9) when abs(x) >= 1e6 then format('{:.3f} million', x / 1e6)
        else format('{:.3f}', x) end, '\.?0+( |$)', '\1')) as n
    from judged as j
),
worded as (
    select
        n.*, if(n.vintage = 'now', 'as known now', 'as known on ' || n.as_known_on) || if(n.missing is null and list_contains(n.flags, 'undated_input'), ' (from a document without a date)', '') as known,
        case when n.n[1] is null then 'at most ' || n.n[2] when n.n[2] is null then 'at least ' || n.n[1] else n.n[1] || ' to ' || n.n[2] end as allowed,
        case when n.n[3] is null then 'at most ' || n.n[4] when n.n[4] is null then 'at least ' || n.n[3] else n.n[3] || ' to ' || n.n[4] end as span,
        replace(replace(n.definition, '_', ' '), 'cac ', 'acquisition cost ') || ' of ' || n.name || if(n.scope = '', '', ' (' || n.scope || ')')
            || coalesce(' for ' || nullif(concat_ws(' to ', n.period_start, n.period_end), ''), '') || coalesce(format(' against {} to {}', n.base_period_start, n.base_period_end), '') as what,
        coalesce(n.n[5] || ' (' || span || ')', span) || ' ' || replace(n.claimed_unit, '_', ' ') as found
    from numbered as n
),
checked as (
    select w.*, case
        when w.verdict <> 'not_checkable' then format('{} is {} {}; the claim allows {}, so it {}.', upper(w.what[1]) || w.what[2:], w.found, w.known, w.allowed,
            if(w.verdict = 'holds', 'holds', 'does not hold'))
        when w.missing is not null then format('Missing {}: {}.', w.known, w.missing)
        else format('{} is {} {}, which decides nothing: a finer figure is missing.', upper(w.what[1]) || w.what[2:], w.found, w.known)
    end as reason from worded as w
    union all by name
    select d.*, 'now' as vintage, '' as scope, d.definition <> 'pairs_not_known_to_have_ended' as is_plain, [] as flags, [] as input_observation_ids
    from steps.claim_deal as d
)
select
    c.claim_id::varchar  as claim_id,     -- identifier of the claim
    c.part::varchar      as part,         -- part of the claim that is checked, see core.term
    c.subject::varchar   as subject,      -- party it speaks of; both of a deal, separated by ;
    c.verdict::varchar   as verdict,      -- whether it holds, see core.term
    c.definition::varchar as definition,  -- what it was held against: an acquisition cost of core.definition, or a claim_reading of core.term
    c.vintage::varchar   as vintage,      -- then (as known on the day of the claim) or now; an undated claim has only now
    c.as_known_on::date  as as_known_on,  -- day of that knowledge; empty for now
    c.claimed::double    as claimed,      -- value as claimed, in unit; empty for a range, a direction and a deal
    c.claimed_low::double as claimed_low, -- least that the claim's words allow; empty when open
    c.claimed_high::double as claimed_high, -- greatest that the claim's words allow; empty when open
    c.computed::double   as computed,     -- what the figures say, in unit; empty where only bounds or a reason are known
    c.computed_low::double as computed_low, -- least the printed digits allow, or other pairs for certain; empty when open
    c.computed_high::double as computed_high, -- greatest the printed digits allow, or other pairs at most; empty when open
    c.claimed_unit::varchar as unit,      -- unit of these values
    c.period::varchar    as period,       -- how the claim's period was read; empty where it names none
    c.period_start::date as period_start, -- first day of the period
    c.period_end::date   as period_end,   -- last day of the period
    c.base_period_start::date as base_period_start, -- first day of the period it is compared with; empty where nothing is
    c.base_period_end::date as base_period_end, -- last day of the period it is compared with
    c.scope::varchar     as scope,        -- perimeter of the figures; '' is the whole
    c.is_plain::boolean  as is_plain,     -- whether definition and period are the nearest to the claim's words; scenarios and pooled years are not
    (row_number() over (partition by c.claim_id, c.part, c.subject order by c.is_plain desc, c.verdict = 'not_checkable', c.verdict = 'does_not_hold', c.vintage = 'now',
        coalesce(abs(c.computed - c.claimed), 0), c.period_end desc, c.base_period_end desc, c.definition, c.scope, c.unit) = 1)::boolean as is_best, -- the reading to quote: nearest to the words, then one under which it holds, then as known on its day
    c.missing::varchar   as missing,      -- figure, day or document that is missing; empty where something can be said
    c.reason::varchar    as reason,       -- why, in one sentence
    list_sort(c.flags)::varchar[] as flags, -- what a reader must know of the figures
    c.input_observation_ids::varchar[] as input_observation_ids, -- figures it rests on, see core.observation
    c.partnership_ids::varchar[] as partnership_ids -- deals it rests on, see core.partnership
from checked as c
