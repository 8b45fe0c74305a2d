-- What a claim asserts, part by part and for each of its subjects: a value with the interval that its own digits and qualifier allow.
-- exact is half a unit of the last printed digit (thousands, millions and so on where the number ends in 000), about is two digits;
-- at_least and at_most are open to one side, but where they end a growth ("from 50 to nearly 500") they reach a tenth.
-- grain: claim_id, part, subject
-- twin: no
with said as (
    select
        c.*, regexp_extract(c.metric, '^(.*?)(?:_(growth|change|multiple|direction))?$', 1) as stem,
        if(c.metric like 'partnership%', 'deal', regexp_extract(c.metric, '_(growth|change|multiple|direction)$', 1)) as form,
        regexp_matches(c.statement, '\b(ended|parted|separat\w+|expired|cut off)\b', 'i') as tells_an_end,
        c.unit = 'direction_up' or (c.unit <> 'direction_down' and not regexp_matches(c.statement, '\b(f[ae]ll\w*|down|declin\w+|lower)\b', 'i')) as is_up
    from core.claim as c
),
edge as (
    select
        s.claim_id, e.side, e.value, s.value_from is not null and s.form = '' as ends_growth,
        if(e.side = 'from' and s.qualifier <> 'exact', 'about', s.qualifier) as qualifier,
        split_part(abs(e.value)::varchar, '.', 1) as whole, rtrim(split_part(e.value::varchar, '.', 2), '0') as decimals
    from said as s
    cross join lateral (values ('from', s.value_from), ('to', s.value_to)) as e(side, value)
    where e.value is not null
),
width as (
    select
        e.*, (0.5 * if(e.decimals = '', pow(10, length(regexp_extract(e.whole, '(000)*$'))), pow(10, -length(e.decimals))))::decimal(28, 8) as printed,
        greatest(printed, (0.5 * pow(10, length(e.whole) - 2))::decimal(28, 8)) as rough
    from edge as e
),
bound as (
    select
        w.claim_id, w.side, w.value::double as value,
        case w.qualifier
            when 'exact' then w.value - w.printed when 'about' then w.value - w.rough when 'at_least' then w.value
            when 'at_most' then if(w.ends_growth, 0.9 * w.value, null)
        end::double as low,
        case w.qualifier
            when 'exact' then w.value + w.printed when 'about' then w.value + w.rough when 'at_most' then w.value
            when 'at_least' then if(w.ends_growth, 1.1 * w.value, null)
        end::double as high
    from width as w
),
part as (
    select s.*, k.part, a.value as v0, a.low as l0, a.high as h0, z.value as v1, z.low as l1, z.high as h1
    from said as s
    left join bound as a on a.claim_id = s.claim_id and a.side = 'from'
    left join bound as z on z.claim_id = s.claim_id and z.side = 'to'
    cross join lateral (select unnest(case
        when s.metric = 'partnership_uniqueness' then ['only_pair']
        when s.form = 'deal' then [if(s.tells_an_end, 'ended', 'signed'), 'date']
        when s.form = 'direction' then if(z.value is null, ['direction'], ['direction', 'to'])
        when s.form = 'multiple' then ['multiple']
        when s.form in ('growth', 'change') then ['growth']
        when a.value is not null and z.value is not null then ['from', 'to', 'multiple']
        when a.value is not null then ['from'] when z.value is not null then ['to'] else ['statement']
    end) as part) as k
)
select
    p.claim_id::varchar      as claim_id,     -- identifier of the claim
    p.part::varchar          as part,         -- part of the claim that is checked, see core.term
    u.subject::varchar       as subject,      -- party it speaks of; both of a deal, separated by ;
    if(p.form = 'direction' and p.part = 'to' and p.stem = 'cac' and p.unit not like '%\_per\_person' escape '\', 'sm_expense', p.stem)::varchar as measure, -- metric of the value; cac is the acquisition cost
    case when p.part = 'multiple' then 'times' when p.part in ('growth', 'direction') then 'percent' else p.unit end::varchar as unit, -- unit of the claimed value
    case when p.part = 'from' then p.v0 when p.part in ('to', 'growth') then p.v1
        when p.part = 'multiple' and p.form = '' then p.v1 / nullif(p.v0, 0) end::double as claimed, -- value as claimed; empty for a range, a direction and a deal
    case when p.part = 'from' then p.l0 when p.part = 'growth' or p.part = 'to' and p.form <> 'direction' then p.l1
        when p.part = 'to' then if(p.is_up, p.v1, null) when p.part = 'direction' then if(p.is_up, 0, null)
        when p.part = 'multiple' then if(p.form = '', p.l1 / nullif(p.h0, 0), coalesce(p.l0, p.l1)) end::double as claimed_low, -- least that the claim's own words allow; empty when open
    case when p.part = 'from' then p.h0 when p.part = 'growth' or p.part = 'to' and p.form <> 'direction' then p.h1
        when p.part = 'to' then if(p.is_up, null, p.v1) when p.part = 'direction' then if(p.is_up, null, 0)
        when p.part = 'multiple' then if(p.form = '', p.h1 / nullif(p.l0, 0), coalesce(p.h1, p.h0)) end::double as claimed_high -- greatest that the claim's own words allow; empty when open
from part as p
cross join lateral (select unnest(if(p.form = 'deal', [array_to_string(p.subjects, ';')], p.subjects)) as subject) as u
