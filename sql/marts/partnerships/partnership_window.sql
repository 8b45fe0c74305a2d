-- A public figure of a partner or a peer near the day on which a deal was announced, began or ended, year on year.
-- Near is eight quarters either side, for a year twelve. A description, no effect: what else moved the figure stands
-- beside it.
-- grain: partnership_id, event, platform, metric, scope, unit, period_start, period_end
with event as (
    select
        partnership.partnership_id,
        turn.event,
        turn.event_on,
        partnership.traffic_platform,
        partnership.supply_platform
    from core.partnership as partnership
    cross join
        lateral (
            values ('announced', partnership.announced_on),
            ('effective', partnership.effective_on),
            ('ended', partnership.ended_on)
        ) as turn (event, event_on)
    where turn.event_on is not null
),
near as (
    select
        event.*,
        year_on_year.*,
        coalesce(year_on_year.period_start, year_on_year.period_end) as first_day,
        year(year_on_year.period_end) * 4
        + quarter(year_on_year.period_end)
        - year(event.event_on) * 4
        - quarter(event.event_on) as quarters_from_event,
        coalesce(year_on_year.platform = event.traffic_platform, false) as is_traffic,
        coalesce(year_on_year.platform = event.supply_platform, false) as is_supply
    from event
    join marts.year_on_year as year_on_year
        on
            abs(
                year(year_on_year.period_end) * 4
                + quarter(year_on_year.period_end)
                - year(event.event_on) * 4
                - quarter(event.event_on)
            )
            <= if(year_on_year.period_type = 'year', 12, 8)
),
shared as (
    select
        near.*,
        near.is_traffic
        or near.is_supply
        or bool_or((near.is_traffic or near.is_supply) and near.published_on is not null) over (
            partition by near.partnership_id, near.event, near.metric
        ) as is_asked
    from near
),
others as (
    select
        shared.partnership_id,
        shared.event,
        shared.platform,
        shared.metric,
        shared.scope,
        shared.unit,
        shared.period_start,
        shared.period_end,
        list_sort(list_distinct(list(event.partnership_id))) as names
    from shared
    join event
        on
            shared.platform in (event.traffic_platform, event.supply_platform)
            and event.partnership_id <> shared.partnership_id
            and event.event_on between shared.first_day and shared.period_end
    where shared.is_asked
    group by all
)
select
    shared.partnership_id::varchar as partnership_id,  -- identifier of the deal
    shared.event::varchar as event,                    -- announced, effective or ended
    shared.event_on::date as event_on,                 -- day of the event
    shared.platform::varchar as platform,              -- whose figure it is
    case
        when shared.is_traffic and shared.is_supply then 'both'
        when shared.is_traffic then 'traffic'
        when shared.is_supply then 'supply'
        else 'peer'
    end::varchar as side,                              -- what the platform is to the deal, see core.term
    shared.metric::varchar as metric,  -- metric slug; a peer's stand only where a partner has one of known date
    shared.scope::varchar as scope,                    -- perimeter of the figure; '' is the whole
    shared.unit::varchar as unit,                      -- unit of the figure
    shared.period_type::varchar as period_type,        -- year, ttm, quarter, point or other
    shared.period_start::date as period_start,         -- first day of the period; empty for a point
    shared.period_end::date as period_end,             -- last day of the period
    shared.quarters_from_event::integer as quarters_from_event,
    -- quarter of period_end less quarter of the event; 0 is the event's own
    case
        when shared.period_end < shared.event_on then 'before'
        when shared.first_day >= shared.event_on then 'after'
        else 'across'
    end::varchar as position,                          -- before, after, or across: the period holds days of both
    shared.value::decimal(28, 6) as value,             -- figure that counts, in unit
    shared.value_low::decimal(28, 6) as value_low,     -- least the print allows, in unit
    shared.value_high::decimal(28, 6) as value_high,   -- greatest the print allows, in unit
    shared.yoy_pct::double as yoy_pct,                 -- change on the year, percent; empty where validity is a reason
    shared.yoy_low_pct::double as yoy_low_pct,         -- least the prints allow, percent
    shared.yoy_high_pct::double as yoy_high_pct,       -- greatest the prints allow, percent
    shared.validity::varchar as validity,  -- of the change: whether there is a number, or why not, see core.term
    shared.confounders::varchar[] as confounders,      -- what core.confounder has within the period
    shared.one_sided_confounders::varchar[] as one_sided_confounders,
    -- what only one of the period and its year before had: the change is not the deal's alone
    coalesce(others.names, [])::varchar[] as other_deals,
    -- other deals of the platform announced, begun or ended within the period
    shared.observation_id::varchar as observation_id,  -- the figure
    shared.document_id::varchar as document_id,        -- document of the figure
    shared.year_ago_observation_id::varchar as year_ago_observation_id,  -- the figure of a year before
    shared.year_ago_document_id::varchar as year_ago_document_id,  -- its document
    shared.input_observation_ids::varchar[] as input_observation_ids,  -- both figures
    shared.flags::varchar[] as flags,                  -- what a reader must know
    shared.known_on::date as known_on                  -- first day both figures were public; empty with an undated one
from shared
left join others
    on
        others.partnership_id = shared.partnership_id
        and others.event = shared.event
        and others.platform = shared.platform
        and others.metric = shared.metric
        and others.scope = shared.scope
        and others.unit = shared.unit
        and others.period_start is not distinct from shared.period_start
        and others.period_end = shared.period_end
where shared.is_asked
