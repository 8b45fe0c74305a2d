-- Where an acquisition cost stands among those of other platforms and perimeters: same definition, currency, period and
-- nature of the expense, cheapest first.
-- Each perimeter of a platform stands on its own. A rank counts only who is surely cheaper: overlapping intervals are
-- ties.
-- grain: platform, scope, definition, basis, period_end
with basis as (
    select
        trend.*,
        'same_window' as basis,
        trend.calendar_label as period
    from marts.cac_trend as trend
    union all
    select
        trend.*,
        'nearest_year',
        year((trend.period_end - 183)::date)::varchar
    from marts.cac_trend as trend
    join core.definition as definition on definition.definition = trend.definition and definition.months >= 12
    where not list_contains(trend.flags, 'fy_misaligned')
),
entrant as (
    select
        basis.*,
        term.is_ranked,
        term.is_ranked and basis.known_on is not null as is_peer
    from basis
    left join core.term as term on term.kind = 'validity' and term.term = basis.validity
),
compared as (
    select
        entrant.platform,
        entrant.scope,
        entrant.definition,
        entrant.basis,
        entrant.period_end,
        count(*) as peers,
        count(*) filter (where peer.cac_high < entrant.cac_low) as cheaper,
        count(*) filter (where peer.cac_low > entrant.cac_high) as dearer,
        max(peer.known_on) as peers_known_on,
        list(peer.row_id order by peer.row_id) filter (
            where peer.cac_high >= entrant.cac_low and peer.cac_low <= entrant.cac_high
        ) as ties
    from entrant
    join entrant as peer
        on
            peer.definition = entrant.definition
            and peer.basis = entrant.basis
            and peer.period = entrant.period
            and peer.currency = entrant.currency
            and peer.expense_nature is not distinct from entrant.expense_nature
            and peer.row_id <> entrant.row_id
    where entrant.is_ranked and peer.is_peer
    group by all
)
select
    entrant.row_id::varchar as row_id,                    -- row of marts.cac_trend
    entrant.platform::varchar as platform,                -- platform slug
    entrant.scope::varchar as scope,                      -- perimeter of the buyer count; '' is the whole
    entrant.definition::varchar as definition,            -- which acquisition cost, see core.definition
    entrant.basis::varchar as basis,
    -- same_window (windows end in the same calendar quarter) or nearest_year (fiscal years, each in the calendar year
    -- that holds most of it)
    entrant.period::varchar as period,                    -- calendar label of the window, or the calendar year
    entrant.period_start::date as period_start,           -- first day of the window
    entrant.period_end::date as period_end,               -- last day of the window
    entrant.cac::double as cac,  -- acquisition cost, currency per buyer; empty where validity is a null reason
    entrant.cac_low::double as cac_low,                   -- least the prints allow
    entrant.cac_high::double as cac_high,                 -- greatest the prints allow; empty when unbounded
    entrant.currency::varchar as currency,                -- ISO 4217 code; only equal currencies are compared
    entrant.expense_nature::varchar as expense_nature,
    -- what the expense holds, see core.expense_line; only equal natures are compared
    entrant.consolidation::varchar as consolidation,      -- parts of the company covered, see core.consolidation
    if(entrant.is_ranked, 1 + coalesce(compared.cheaper, 0), null)::integer as rank,
    -- 1 is the cheapest: one more than are surely cheaper; empty where not ranked, see validity
    if(entrant.is_ranked, 1 + coalesce(compared.peers - compared.dearer, 0), null)::integer as rank_worst,
    -- rank if every tie turned out cheaper; equal to rank without ties
    coalesce(compared.ties, [])::varchar[] as tied_with,  -- rows whose interval overlaps this one's
    if(entrant.is_ranked, 1 + coalesce(compared.peers, 0), null)::integer as ranked,
    -- how many are compared, this row included; 1 is a rank among none
    entrant.validity::varchar as validity,                -- whether it is ranked, or why not, see core.term
    entrant.flags::varchar[] as flags,                    -- what a reader must know of the cost
    entrant.input_observation_ids::varchar[] as input_observation_ids,  -- figures of the row itself
    entrant.known_on::date as known_on,
    -- first day on which the cost could have been computed; an undated cost is ranked, but no other is ranked against
    -- it
    known_on(entrant.known_on, day_if(compared.peers > 0, compared.peers_known_on))::date as compared_known_on
    -- first day on which the rank could have been computed
from entrant
left join compared
    on
        compared.platform = entrant.platform
        and compared.scope = entrant.scope
        and compared.definition = entrant.definition
        and compared.basis = entrant.basis
        and compared.period_end = entrant.period_end
