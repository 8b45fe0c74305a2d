-- A public figure of a partner or a peer near the day on which a deal was announced, began or ended, year on year.
-- Near is eight quarters either side, for a year twelve. A description, no effect: what else moved the figure stands beside it.
-- grain: partnership_id, event, platform, metric, scope, unit, period_start, period_end
with event as (
    select p.partnership_id, e.event, e.event_on, p.traffic_platform, p.supply_platform
    from core.partnership as p
    cross join lateral (values ('announced', p.announced_on), ('effective', p.effective_on), ('ended', p.ended_on)) as e(event, event_on)
    where e.event_on is not null
),
near as (
    select
        e.*, f.*, coalesce(f.period_start, f.period_end) as first_day,
        year(f.period_end) * 4 + quarter(f.period_end) - year(e.event_on) * 4 - quarter(e.event_on) as quarters_from_event,
        coalesce(f.platform = e.traffic_platform, false) as is_traffic, coalesce(f.platform = e.supply_platform, false) as is_supply
    from event as e
    join marts.year_on_year as f
        on abs(year(f.period_end) * 4 + quarter(f.period_end) - year(e.event_on) * 4 - quarter(e.event_on)) <= if(f.period_type = 'year', 12, 8)
),
shared as (
    select n.*, n.is_traffic or n.is_supply or bool_or((n.is_traffic or n.is_supply) and n.published_on is not null) over (
            partition by n.partnership_id, n.event, n.metric) as is_asked
    from near as n
),
others as (
    select
        s.partnership_id, s.event, s.platform, s.metric, s.scope, s.unit, s.period_start, s.period_end,
        list_sort(list_distinct(list(x.partnership_id))) as names
    from shared as s
    join event as x on s.platform in (x.traffic_platform, x.supply_platform) and x.partnership_id <> s.partnership_id
        and x.event_on between s.first_day and s.period_end
    where s.is_asked
    group by all
)
select
    s.partnership_id::varchar         as partnership_id,      -- identifier of the deal
    s.event::varchar                  as event,               -- announced, effective or ended
    s.event_on::date                  as event_on,            -- day of the event
    s.platform::varchar               as platform,            -- whose figure it is
    case when s.is_traffic and s.is_supply then 'both' when s.is_traffic then 'traffic' when s.is_supply then 'supply' else 'peer' end::varchar as side, -- what the platform is to the deal, see core.term
    s.metric::varchar                 as metric,              -- metric slug; a peer's stand only where a partner has one of known date
    s.scope::varchar                  as scope,               -- perimeter of the figure; '' is the whole
    s.unit::varchar                   as unit,                -- unit of the figure
    s.period_type::varchar            as period_type,         -- year, ttm, quarter, point or other
    s.period_start::date              as period_start,        -- first day of the period; empty for a point
    s.period_end::date                as period_end,          -- last day of the period
    s.quarters_from_event::integer    as quarters_from_event, -- quarter of period_end less quarter of the event; 0 is the event's own
    case when s.period_end < s.event_on then 'before' when s.first_day >= s.event_on then 'after' else 'across' end::varchar as position, -- before, after, or across: the period holds days of both
    s.value::decimal(28, 6)           as value,               -- figure that counts, in unit
    s.value_low::decimal(28, 6)       as value_low,           -- least the print allows, in unit
    s.value_high::decimal(28, 6)      as value_high,          -- greatest the print allows, in unit
    s.yoy_pct::double                 as yoy_pct,             -- change on the year, percent; empty where validity is a reason
    s.yoy_low_pct::double             as yoy_low_pct,         -- least the prints allow, percent
    s.yoy_high_pct::double            as yoy_high_pct,        -- greatest the prints allow, percent
    s.validity::varchar               as validity,            -- of the change: whether there is a number, or why not, see core.term
    s.confounders::varchar[]          as confounders,         -- what core.confounder has within the period
    s.one_sided_confounders::varchar[] as one_sided_confounders, -- what only one of the period and its year before had: the change is not the deal's alone
    coalesce(o.names, [])::varchar[]  as other_deals,         -- other deals of the platform announced, begun or ended within the period
    s.observation_id::varchar         as observation_id,      -- the figure
    s.document_id::varchar            as document_id,         -- document of the figure
    s.year_ago_observation_id::varchar as year_ago_observation_id, -- the figure of a year before
    s.year_ago_document_id::varchar   as year_ago_document_id, -- its document
    s.input_observation_ids::varchar[] as input_observation_ids, -- both figures
    s.flags::varchar[]                as flags,               -- what a reader must know
    s.known_on::date                  as known_on             -- first day both figures were public; empty with an undated one
from shared as s
left join others as o
    on o.partnership_id = s.partnership_id and o.event = s.event and o.platform = s.platform and o.metric = s.metric and o.scope = s.scope
    and o.unit = s.unit and o.period_start is not distinct from s.period_start and o.period_end = s.period_end
where s.is_asked
