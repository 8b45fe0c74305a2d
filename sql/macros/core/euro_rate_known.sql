-- The fixings of the European Central Bank that were public on a day.
-- macro: core.euro_rate_known(as_of_date date)
-- grain: currency, day
select
    euro_rate.currency::varchar as currency,        -- ISO 4217 code; never EUR, whose rate is 1
    euro_rate.day::date as day,                     -- day of the fixing
    euro_rate.rate::decimal(18, 6) as rate,         -- units of the currency for one euro, as printed
    euro_rate.document_id::varchar as document_id,  -- document that prints it
    euro_rate.loaded_at::timestamp as loaded_at   -- when this warehouse knew it, UTC
from core.euro_rate as euro_rate
where euro_rate.day <= as_of_date
