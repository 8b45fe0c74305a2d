-- Something else that moved everybody's figures for some days: a promotion, a holiday, an epidemic.
-- group: known_differences
-- grain: confounder, starts_on
select
    entry.fields['confounder']::varchar as confounder,
    -- slug: 618, double_11, lunar_new_year or covid_2020; a folder may add its own
    entry.fields['starts_on']::date as starts_on,  -- first day
    entry.fields['ends_on']::date as ends_on,      -- last day
    entry.fields['source']::varchar as source,     -- what says so, and what is convention in it
    entry.loaded_at::timestamp as loaded_at      -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'confounder' and entry.superseded_at is null
