-- A deal between a traffic partner and a supply partner, with the days on which it was announced, began and ended.
-- grain: partnership_id
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
    r.loaded_at::timestamptz                        as loaded_at        -- when this warehouse knew it
from raw.published_row as r
where r.kind = 'partnership' and r.superseded_at is null
