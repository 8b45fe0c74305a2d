-- What a claim asserts, part by part and for each of its subjects: a value with the interval that its own digits and
-- qualifier allow.
-- exact is half a unit of the last printed digit (thousands, millions and so on where the number ends in 000), about is
-- two digits; at_least and at_most are open to one side, but where they end a growth ("from 50 to nearly 500") they
-- reach a tenth.
-- group: claim_steps
-- grain: claim_id, part, subject
-- twin: no
with said as (
    select
        claim.*,
        regexp_extract(claim.metric, '^(.*?)(?:_(growth|change|multiple|direction))?$', 1) as stem,
        if(
            claim.metric like 'partnership%',
            'deal',
            regexp_extract(claim.metric, '_(growth|change|multiple|direction)$', 1)
        ) as form,
        regexp_matches(claim.statement, '\b(ended|parted|separat\w+|expired|cut off)\b', 'i') as tells_an_end,
        claim.unit = 'direction_up'
        or (
            claim.unit <> 'direction_down'
            and not regexp_matches(claim.statement, '\b(f[ae]ll\w*|down|declin\w+|lower)\b', 'i')
        ) as is_up
    from core.claim as claim
),
edge as (
    select
        said.claim_id,
        end_value.side,
        end_value.value,
        said.value_from is not null and said.form = '' as ends_growth,
        if(end_value.side = 'from' and said.qualifier <> 'exact', 'about', said.qualifier) as qualifier,
        split_part(abs(end_value.value)::varchar, '.', 1) as whole,
        rtrim(split_part(end_value.value::varchar, '.', 2), '0') as decimals
    from said
    cross join lateral (values ('from', said.value_from), ('to', said.value_to)) as end_value (side, value)
    where end_value.value is not null
),
width as (
    select
        edge.*,
        (
            0.5
            * if(
                edge.decimals = '',
                pow(10, length(regexp_extract(edge.whole, '(000)*$'))),
                pow(10, -length(edge.decimals))
            )
        )::decimal(28, 8) as printed,
        greatest(printed, (0.5 * pow(10, length(edge.whole) - 2))::decimal(28, 8)) as rough
    from edge
),
bound as (
    select
        width.claim_id,
        width.side,
        width.value::double as value,
        case width.qualifier
            when 'exact' then 'last_digit'
            when 'about' then 'two_digits'
            when 'at_least' then if(width.ends_growth, 'tenth_more', 'or_more')
            when 'at_most' then if(width.ends_growth, 'tenth_less', 'or_less')
        end as tolerance,
        case width.qualifier
            when 'exact' then width.value - width.printed
            when 'about' then width.value - width.rough
            when 'at_least' then width.value
            when 'at_most' then if(width.ends_growth, 0.9 * width.value, null)
        end::double as low,
        case width.qualifier
            when 'exact' then width.value + width.printed
            when 'about' then width.value + width.rough
            when 'at_most' then width.value
            when 'at_least' then if(width.ends_growth, 1.1 * width.value, null)
        end::double as high
    from width
),
part as (
    select
        said.*,
        kind.part,
        start.value as from_value,
        start.low as from_low,
        start.high as from_high,
        start.tolerance as from_tolerance,
        finish.value as to_value,
        finish.low as to_low,
        finish.high as to_high,
        finish.tolerance as to_tolerance
    from said
    left join bound as start on start.claim_id = said.claim_id and start.side = 'from'
    left join bound as finish on finish.claim_id = said.claim_id and finish.side = 'to'
    cross join lateral (select unnest(case
        when said.metric = 'partnership_uniqueness' then ['only_pair']
        when said.form = 'deal' then [if(said.tells_an_end, 'ended', 'signed'), 'date']
        when said.form = 'direction' then if(finish.value is null, ['direction'], ['direction', 'to'])
        when said.form = 'multiple' then ['multiple']
        when said.form in ('growth', 'change') then ['growth']
        when start.value is not null and finish.value is not null then ['from', 'to', 'multiple']
        when start.value is not null then ['from']
        when finish.value is not null then ['to']
        else ['statement']
    end) as part) as kind
)
select
    part.claim_id::varchar as claim_id,  -- identifier of the claim
    part.part::varchar as part,          -- part of the claim that is checked, see core.term
    party.subject::varchar as subject,   -- party it speaks of; both of a deal, separated by ;
    if(
        part.form = 'direction'
        and part.part = 'to'
        and part.stem = 'cac'
        and part.unit not like '%\_per\_person' escape '\',
        'sm_expense',
        part.stem
    )::varchar as measure,               -- metric of the value; cac is the acquisition cost
    case
        when part.part = 'multiple' then 'times'
        when part.part in ('growth', 'direction') then 'percent'
        else part.unit
    end::varchar as unit,                -- unit of the claimed value
    case
        when part.part = 'from' then part.from_value
        when part.part in ('to', 'growth') then part.to_value
        when part.part = 'multiple' and part.form = '' then part.to_value / nullif(part.from_value, 0)
    end::double as claimed,              -- value as claimed; empty for a range, a direction and a deal
    case
        when part.part = 'from' then part.from_low
        when part.part = 'growth' or part.part = 'to' and part.form <> 'direction' then part.to_low
        when part.part = 'to' then if(part.is_up, part.to_value, null)
        when part.part = 'direction' then if(part.is_up, 0, null)
        when part.part = 'multiple'
            then if(part.form = '', part.to_low / nullif(part.from_high, 0), coalesce(part.from_low, part.to_low))
    end::double as claimed_low,          -- least that the claim's own words allow; empty when open
    case
        when part.part = 'from' then part.from_high
        when part.part = 'growth' or part.part = 'to' and part.form <> 'direction' then part.to_high
        when part.part = 'to' then if(part.is_up, null, part.to_value)
        when part.part = 'direction' then if(part.is_up, null, 0)
        when part.part = 'multiple'
            then if(part.form = '', part.to_high / nullif(part.from_low, 0), coalesce(part.to_high, part.from_high))
    end::double as claimed_high,         -- greatest that the claim's own words allow; empty when open
    case
        when part.part = 'from' then part.from_tolerance
        when part.part = 'growth' or part.part = 'to' and part.form <> 'direction' then part.to_tolerance
        when part.part = 'multiple' and coalesce(part.from_tolerance, part.to_tolerance) = part.to_tolerance
            then part.to_tolerance
    end::varchar as tolerance
    -- how far the claim's own words reach, see core.term; empty for a direction, a deal and a multiple of two such
from part
cross join
    lateral (select unnest(if(part.form = 'deal', [array_to_string(part.subjects, ';')], part.subjects)) as subject)
        as party
