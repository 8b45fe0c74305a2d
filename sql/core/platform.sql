-- A platform whose figures the warehouse measures.
-- group: vocabulary
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
    coalesce(
        nullif(entry.fields['fiscal_year_named'], ''),
        if(fiscal_month(entry.fields['fiscal_year_end']) = 1, 'by_start', 'by_end')
    )::varchar as fiscal_year_named,
    -- by_start or by_end: whether fiscal 2020 is the fiscal year that starts or ends in 2020; unless the file says so,
    -- one that ends in January is named by its start, as retailers do
    entry.fields['reporting_currency']::varchar as reporting_currency,  -- ISO 4217 code of the reporting currency
    entry.loaded_at::timestamp as loaded_at                     -- when this warehouse knew it, UTC
from raw.reference_row as entry
where entry.kind = 'platform' and entry.superseded_at is null
