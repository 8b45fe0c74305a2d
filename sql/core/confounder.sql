-- Something else that moved everybody's figures for some days: a promotion, a holiday, an epidemic.
-- grain: confounder, starts_on
select
    r.fields['confounder']::varchar as confounder, -- slug: 618, double_11, lunar_new_year or covid_2020; a folder may add its own
    r.fields['starts_on']::date     as starts_on,  -- first day
    r.fields['ends_on']::date       as ends_on,    -- last day
    r.fields['source']::varchar     as source,     -- what says so, and what is convention in it
    r.loaded_at::timestamptz        as loaded_at   -- when this warehouse knew it
from raw.reference_row as r
where r.kind = 'confounder' and r.superseded_at is null
