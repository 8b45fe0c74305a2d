-- Where an acquisition cost stands among those of other platforms and perimeters: same definition, currency and period, cheapest first.
-- Each perimeter of a platform stands on its own. A rank counts only who is surely cheaper: overlapping intervals are ties.
-- grain: platform, scope, definition, basis, period_end
with basis as (
    select c.*, 'same_window' as basis, c.calendar_label as period from marts.cac_trend as c
    union all
    select c.*, 'nearest_year', year((c.period_end - 183)::date)::varchar
    from marts.cac_trend as c
    join core.definition as d on d.definition = c.definition and d.months >= 12
    where not list_contains(c.flags, 'fy_misaligned')
),
entrant as (
    select b.*, v.is_ranked, v.is_ranked and b.known_on is not null as is_peer
    from basis as b
    left join core.term as v on v.kind = 'validity' and v.term = b.validity
),
compared as (
    select
        e.platform, e.scope, e.definition, e.basis, e.period_end, count(*) as peers, count(*) filter (where p.cac_high < e.cac_low) as cheaper,
        count(*) filter (where p.cac_low > e.cac_high) as dearer, max(p.known_on) as peers_known_on,
        list(p.row_id order by p.row_id) filter (where p.cac_high >= e.cac_low and p.cac_low <= e.cac_high) as ties
    from entrant as e
    join entrant as p
        on p.definition = e.definition and p.basis = e.basis and p.period = e.period and p.currency = e.currency and p.row_id <> e.row_id
    where e.is_ranked and p.is_peer
    group by all
)
select
    e.row_id::varchar          as row_id,       -- row of marts.cac_trend
    e.platform::varchar        as platform,     -- platform slug
    e.scope::varchar           as scope,        -- perimeter of the buyer count; '' is the whole
    e.definition::varchar      as definition,   -- which acquisition cost, see core.definition
    e.basis::varchar           as basis,        -- same_window (windows end in the same calendar quarter) or nearest_year (fiscal years, each in the calendar year that holds most of it)
    e.period::varchar          as period,       -- calendar label of the window, or the calendar year
    e.period_start::date       as period_start, -- first day of the window
    e.period_end::date         as period_end,   -- last day of the window
    e.cac::double              as cac,          -- acquisition cost, currency per buyer; empty where validity is a null reason
    e.cac_low::double          as cac_low,      -- least the prints allow
    e.cac_high::double         as cac_high,     -- greatest the prints allow; empty when unbounded
    e.currency::varchar        as currency,     -- ISO 4217 code; only equal currencies are compared
    if(e.is_ranked, 1 + coalesce(c.cheaper, 0), null)::integer as rank, -- 1 is the cheapest: one more than are surely cheaper; empty where not ranked, see validity
    if(e.is_ranked, 1 + coalesce(c.peers - c.dearer, 0), null)::integer as rank_worst, -- rank if every tie turned out cheaper; equal to rank without ties
    coalesce(c.ties, [])::varchar[] as tied_with, -- rows whose interval overlaps this one's
    if(e.is_ranked, 1 + coalesce(c.peers, 0), null)::integer as ranked, -- how many are compared, this row included; 1 is a rank among none
    e.validity::varchar        as validity,     -- whether it is ranked, or why not, see core.term
    e.flags::varchar[]         as flags,        -- what a reader must know of the cost
    e.input_observation_ids::varchar[] as input_observation_ids, -- figures of the row itself
    e.known_on::date           as known_on,     -- first day on which the cost could have been computed; an undated cost is ranked, but no other is ranked against it
    if(e.known_on is null, null, greatest(e.known_on, c.peers_known_on))::date as compared_known_on -- first day on which the rank could have been computed
from entrant as e
left join compared as c
    on c.platform = e.platform and c.scope = e.scope and c.definition = e.definition and c.basis = e.basis and c.period_end = e.period_end
