-- A deal between a traffic partner and a supply partner, with the days on which it was announced, began and ended.
-- grain: partnership_id
with link as (
    select
        r.fields['partnership_id'] as partnership_id, r.fields['predecessor_id'] as predecessor_id, r.fields['relation'] as relation
    from raw.reference_row as r
    where r.kind = 'partnership_link' and r.superseded_at is null
),
earlier as (
    select l.partnership_id, list(l.predecessor_id order by l.predecessor_id) as ids, list(l.relation order by l.predecessor_id) as relations
    from link as l
    group by l.partnership_id
),
later as (
    select l.predecessor_id, list(l.partnership_id order by l.partnership_id) as ids
    from link as l
    group by l.predecessor_id
)
select
    r.fields['partnership_id']::varchar             as partnership_id,  -- identifier of the deal
    r.fields['traffic_partner']::varchar            as traffic_partner, -- party that has attention
    r.fields['supply_partner']::varchar             as supply_partner,  -- party that has goods
    r.fields['kind']::varchar                       as kind,            -- referral_link, in_app_store, direct_supply, investment or other
    nullif(r.fields['announced_on'], '')::date      as announced_on,    -- day of announcement; empty where unknown
    nullif(r.fields['effective_on'], '')::date      as effective_on,    -- first day it was live; empty where unknown
    nullif(r.fields['ended_on'], '')::date          as ended_on,        -- day it ended; empty where it runs or the day is unknown
    r.fields['status']::varchar                     as status,          -- ended, running or unknown, as the registry's sources say
    nullif(r.fields['scope'], '')::varchar          as scope,           -- what the deal covers
    nullif(r.fields['terms'], '')::varchar          as terms,           -- money, shares and duration, as printed
    r.fields['document_id']::varchar                as document_id,     -- document that says so
    nullif(r.fields['note'], '')::varchar           as note,            -- what else is known, and what is not
    coalesce(e.ids, [])::varchar[]                  as predecessor_ids, -- deals that it follows, as the registry links them
    coalesce(e.relations, [])::varchar[]            as predecessor_relations, -- what it does to each of them: renews, resumes or extends
    coalesce(s.ids, [])::varchar[]                  as successor_ids,   -- deals that follow it
    t.measured_in::varchar                          as traffic_platform, -- platform whose figures contain the traffic partner; empty where nobody's do
    g.measured_in::varchar                          as supply_platform, -- platform whose figures contain the supply partner; empty where nobody's do
    r.loaded_at::timestamptz                        as loaded_at        -- when this warehouse knew it
from raw.reference_row as r
left join earlier as e on e.partnership_id = r.fields['partnership_id']
left join later as s on s.predecessor_id = r.fields['partnership_id']
left join core.party as t on t.party = r.fields['traffic_partner']
left join core.party as g on g.party = r.fields['supply_partner']
where r.kind = 'partnership' and r.superseded_at is null
