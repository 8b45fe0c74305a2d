-- Where an acquisition cost stands among those of other platforms and perimeters: same definition, period and nature
-- of the expense, cheapest first; among those in its own currency, and among all in the reporting currency.
-- Each perimeter of a platform stands on its own. A rank counts only who is surely cheaper: overlapping intervals are
-- ties.
-- grain: platform, scope, definition, basis, compared_in, period_end
with money as not materialized (
    select
        trend.*,
        listed.compared_in,
        if(listed.compared_in = 'own_currency', trend.currency, reporting_currency()) as to_currency
    from marts.cac_trend as trend
    cross join (values ('own_currency'), ('reporting_currency')) as listed (compared_in)
),
priced as not materialized (
    select
        money.* exclude (cac, cac_low, cac_high, validity, known_on),
        if(money.to_currency = money.currency, 1, average.average_rate) as rate,
        average.rate_days,
        money.cac * rate as cac,
        money.cac_low * rate as cac_low,
        money.cac_high * rate as cac_high,
        if(term.has_bounds and rate is null, 'missing_rate', money.validity) as validity,
        term.is_ranked and rate is not null as is_ranked,
        known_on(money.known_on, day_if(average.average_rate is not null, average.last_day)) as known_on
    from money
    left join core.term as term on term.kind = 'validity' and term.term = money.validity
    left join steps.average_rate as average
        on
            average.currency = if(coalesce(money.cac, money.cac_low, money.cac_high) is null, null, money.currency)
            and average.to_currency = money.to_currency
            and average.period_start = money.period_start
            and average.period_end = money.period_end
),
entrant as not materialized (
    select
        priced.*,
        'same_window' as basis,
        priced.calendar_label as period,
        priced.is_ranked and priced.known_on is not null as is_peer
    from priced
    union all
    select
        priced.*,
        'nearest_year',
        year((priced.period_end - 183)::date)::varchar,
        priced.is_ranked and priced.known_on is not null
    from priced
    join core.definition as definition on definition.definition = priced.definition and definition.months >= 12
    where not list_contains(priced.flags, 'fy_misaligned')
),
-- Four points of each ranked row on the axis of costs, at equal costs in this order: its interval begins (1), it asks
-- which ended before (2), and which began by its end (3), it ends (4). Pairs of rows would grow with their square.
point as (
    select
        entrant.row_id,
        entrant.basis,
        entrant.compared_in,
        kind.kind,
        count(*) filter (where kind.kind = 1 and entrant.is_peer) over axis as begun,
        count(*) filter (where kind.kind = 4 and entrant.is_peer) over axis as ended
    from entrant
    cross join (values (1), (2), (3), (4)) as kind (kind)
    where entrant.is_ranked
    window axis as (
        partition by
            entrant.definition, entrant.basis, entrant.compared_in, entrant.period, entrant.to_currency,
            entrant.expense_nature
        order by if(kind.kind <= 2, entrant.cac_low, coalesce(entrant.cac_high, 'inf'::double)), kind.kind
    )
),
placed as (
    select
        point.row_id,
        point.basis,
        point.compared_in,
        max(point.ended) filter (where point.kind = 2) as cheaper,
        max(point.begun) filter (where point.kind = 3) as begun
    from point
    group by point.row_id, point.basis, point.compared_in
),
near as (
    select
        entrant.row_id,
        entrant.basis,
        entrant.compared_in,
        count(*) filter (where entrant.is_peer) over everyone - entrant.is_peer::integer as peers,
        max(entrant.known_on) filter (where entrant.is_peer) over everyone as peers_known_on,
        list_transform(
            list_filter(
                list(row(entrant.row_id, entrant.cac_low, coalesce(entrant.cac_high, 'inf'::double)))
                filter (where entrant.is_peer) over (
                    everyone order by entrant.cac, entrant.row_id
                    rows between 5 preceding and 5 following exclude current row
                ),
                lambda x: x[3] >= entrant.cac_low and x[2] <= coalesce(entrant.cac_high, 'inf'::double)
            ),
            lambda x: x[1]
        ) as ties
    from entrant
    where entrant.is_ranked
    window everyone as (
        partition by
            entrant.definition, entrant.basis, entrant.compared_in, entrant.period, entrant.to_currency,
            entrant.expense_nature
    )
),
compared as (
    select
        near.row_id,
        near.basis,
        near.compared_in,
        near.peers,
        near.peers_known_on,
        near.ties,
        placed.cheaper,
        placed.begun - placed.cheaper as overlapping
    from near
    join placed
        on placed.row_id = near.row_id and placed.basis = near.basis and placed.compared_in = near.compared_in
)
select
    entrant.row_id::varchar as row_id,                    -- row of marts.cac_trend
    entrant.platform::varchar as platform,                -- platform slug
    entrant.scope::varchar as scope,                      -- perimeter of the buyer count; '' is the whole
    entrant.definition::varchar as definition,            -- which acquisition cost, see core.definition
    entrant.basis::varchar as basis,
    -- same_window (windows end in the same calendar quarter) or nearest_year (fiscal years, each in the calendar year
    -- that holds most of it)
    entrant.compared_in::varchar as compared_in,
    -- own_currency (among the costs in the platform's currency) or reporting_currency (among all, converted)
    entrant.period::varchar as period,                    -- calendar label of the window, or the calendar year
    entrant.period_start::date as period_start,           -- first day of the window
    entrant.period_end::date as period_end,               -- last day of the window
    entrant.cac::double as cac,  -- acquisition cost, currency per buyer; empty where validity is a null reason
    entrant.cac_low::double as cac_low,                   -- least the prints allow
    entrant.cac_high::double as cac_high,                 -- greatest the prints allow; empty when unbounded
    entrant.to_currency::varchar as currency,  -- ISO 4217 code of the cost as shown; only equal ones are compared
    entrant.currency::varchar as own_currency,            -- ISO 4217 code in which the platform reports
    entrant.rate::double as average_rate,
    -- units of currency for one of own_currency, mean of the window, see steps.average_rate; 1 where they are the same,
    -- empty where a fixing is missing or nothing is to be converted
    entrant.rate_days::integer as rate_days,              -- fixings averaged; empty where nothing is converted
    entrant.expense_nature::varchar as expense_nature,
    -- what the expense holds, see core.expense_line; only equal natures are compared
    entrant.consolidation::varchar as consolidation,      -- parts of the company covered, see core.consolidation
    (1 + compared.cheaper)::integer as rank,
    -- 1 is the cheapest: one more than are surely cheaper; empty where not ranked, see validity
    (1 + compared.cheaper + compared.overlapping - entrant.is_peer::integer)::integer as rank_worst,
    -- rank if every tie turned out cheaper; equal to rank without ties
    (compared.overlapping - entrant.is_peer::integer)::integer as ties,
    -- rows whose interval overlaps this one's; empty where not ranked
    list_sort(coalesce(compared.ties, []))::varchar[] as tied_with,
    -- those of the ties that are among the five next cheaper and the five next dearer rows; ties counts all
    (1 + compared.peers)::integer as ranked,
    -- how many are compared, this row included; 1 is a rank among none
    entrant.validity::varchar as validity,                -- whether it is ranked, or why not, see core.term
    entrant.flags::varchar[] as flags,                    -- what a reader must know of the cost
    entrant.input_observation_ids::varchar[] as input_observation_ids,  -- figures of the row itself
    entrant.known_on::date as known_on,
    -- first day on which the cost as shown could have been computed, its rates included; an undated cost is ranked, but
    -- no other is ranked against it
    known_on(entrant.known_on, day_if(compared.peers > 0, compared.peers_known_on))::date as compared_known_on
    -- first day on which the rank could have been computed
from entrant
left join compared
    on
        compared.row_id = entrant.row_id
        and compared.basis = entrant.basis
        and compared.compared_in = entrant.compared_in
