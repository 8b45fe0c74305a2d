-- What one euro cost on a day: the fixings of the European Central Bank, published about 16:00 CET on TARGET days.
-- Weekends and holidays have none, and a currency that is no longer quoted has none after its last day.
-- group: vocabulary
-- grain: currency, day
with fixing as (
    select
        entry.fields['currency'] as currency,
        entry.fields['month'] as month,
        entry.fields['document_id'] as document_id,
        entry.loaded_at,
        unnest(string_split(entry.fields['fixings'], ' ')) as entry
    from raw.reference_row as entry
    where entry.kind = 'euro_rate' and entry.superseded_at is null
)
select
    fixing.currency::varchar as currency,                                  -- ISO 4217 code; never EUR, whose rate is 1
    (fixing.month || '-' || split_part(fixing.entry, '=', 1))::date as day,  -- day of the fixing
    split_part(fixing.entry, '=', 2)::decimal(18, 6) as rate,  -- units of the currency for one euro, as printed
    fixing.document_id::varchar as document_id,                            -- document that prints it
    fixing.loaded_at::timestamp as loaded_at                             -- when this warehouse knew it, UTC
from fixing
