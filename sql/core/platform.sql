-- A platform whose figures the warehouse measures.
-- grain: platform
select
    r.fields['platform']::varchar                       as platform,           -- slug of the platform
    r.fields['name']::varchar                           as name,               -- name as people write it
    r.fields['company']::varchar                        as company,            -- company that reports the figures
    r.fields['role']::varchar                           as role,               -- traffic (has attention) or supply (has goods)
    nullif(r.fields['sec_cik'], '')::varchar            as sec_cik,            -- SEC central index key; empty for a company that does not file there
    nullif(r.fields['listing'], '')::varchar            as listing,            -- exchange and ticker, separated by ;
    r.fields['fiscal_year_end']::varchar                as fiscal_year_end,    -- month and day on which the fiscal year ends, MM-DD
    r.fields['reporting_currency']::varchar             as reporting_currency, -- ISO 4217 code of the reporting currency
    r.loaded_at::timestamptz                            as loaded_at           -- when this warehouse knew it
from raw.reference_row as r
where r.kind = 'platform' and r.superseded_at is null
