-- A deal between a traffic partner and a supply partner, with the days on which it was announced, began and ended.
-- group: deals
-- grain: partnership_id
with link as (
    select
        entry.fields['partnership_id'] as partnership_id,
        entry.fields['predecessor_id'] as predecessor_id,
        entry.fields['relation'] as relation
    from raw.reference_row as entry
    where entry.kind = 'partnership_link' and entry.superseded_at is null
),
earlier as (
    select
        link.partnership_id,
        list(link.predecessor_id order by link.predecessor_id) as ids,
        list(link.relation order by link.predecessor_id) as relations
    from link
    group by link.partnership_id
),
later as (
    select
        link.predecessor_id,
        list(link.partnership_id order by link.partnership_id) as ids
    from link
    group by link.predecessor_id
)
select
    entry.fields['partnership_id']::varchar as partnership_id,    -- identifier of the deal
    entry.fields['traffic_partner']::varchar as traffic_partner,  -- party that has attention
    entry.fields['supply_partner']::varchar as supply_partner,    -- party that has goods
    entry.fields['kind']::varchar as kind,  -- referral_link, in_app_store, direct_supply, investment or other
    nullif(entry.fields['announced_on'], '')::date as announced_on,  -- day of announcement; empty where unknown
    nullif(entry.fields['effective_on'], '')::date as effective_on,  -- first day it was live; empty where unknown
    nullif(nullif(entry.fields['ended_on'], '')::date, date '9999-12-31')::date as ended_on,
    -- day it ended, as the row says; see steps.deal_end; empty and 9999-12-31 in the row are no end
    entry.fields['status']::varchar as status,  -- ended, running or unknown, as the registry's sources say
    nullif(entry.fields['scope'], '')::varchar as scope,          -- what the deal covers
    nullif(entry.fields['terms'], '')::varchar as terms,          -- money, shares and duration, as printed
    entry.fields['document_id']::varchar as document_id,          -- document that says so
    nullif(entry.fields['note'], '')::varchar as note,            -- what else is known, and what is not
    coalesce(earlier.ids, [])::varchar[] as predecessor_ids,      -- deals that it follows, as the registry links them
    coalesce(earlier.relations, [])::varchar[] as predecessor_relations,
    -- what it does to each of them: renews, resumes or extends
    coalesce(later.ids, [])::varchar[] as successor_ids,          -- deals that follow it
    traffic.measured_in::varchar as traffic_platform,
    -- platform whose figures contain the traffic partner; empty where nobody's do
    supply.measured_in::varchar as supply_platform,
    -- platform whose figures contain the supply partner; empty where nobody's do
    entry.loaded_at::timestamp as loaded_at                     -- when this warehouse knew it, UTC
from raw.reference_row as entry
left join earlier on earlier.partnership_id = entry.fields['partnership_id']
left join later on later.predecessor_id = entry.fields['partnership_id']
left join core.party as traffic on traffic.party = entry.fields['traffic_partner']
left join core.party as supply on supply.party = entry.fields['supply_partner']
where entry.kind = 'partnership' and entry.superseded_at is null
