-- A platform whose figures the warehouse measures.
-- grain: platform
select
    entry.fields['platform']::varchar as platform,                -- slug of the platform
    entry.fields['name']::varchar as name,                        -- name as people write it
    entry.fields['company']::varchar as company,                  -- company that reports the figures
    entry.fields['role']::varchar as role,                        -- traffic (has attention) or supply (has goods)
    nullif(entry.fields['sec_cik'], '')::varchar as sec_cik,
    -- SEC central index key; empty for a company that does not file there
    nullif(entry.fields['listing'], '')::varchar as listing,      -- exchange and ticker, separated by ;
    entry.fields['fiscal_year_end']::varchar as fiscal_year_end,  -- month and day on which the fiscal year ends, MM-DD
    entry.fields['reporting_currency']::varchar as reporting_currency,  -- ISO 4217 code of the reporting currency
    entry.loaded_at::timestamptz as loaded_at                     -- when this warehouse knew it
from raw.reference_row as entry
where entry.kind = 'platform' and entry.superseded_at is null
