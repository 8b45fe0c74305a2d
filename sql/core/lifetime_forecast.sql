-- What a model of the buyers of a platform, or of a channel, expects within a horizon; its parameters, and how far it
-- missed days that it had not seen. BG/NBD for orders, gamma-gamma for their value; only what a comment calls observed
-- is.
-- The holdout is the last third of the platform's days, 365 at most. The naive forecast is that every buyer goes on as
-- before.
-- group: buyers
-- grain: platform, channel, horizon_days
-- python: etl.lifetime.forecast, core.buyer_history
select
    forecast.platform::varchar as platform,           -- slug
    forecast.channel::varchar as channel,
    -- channel that brought the first order; '' is all buyers of the platform
    forecast.horizon_days::bigint as horizon_days,    -- days ahead
    forecast.status::varchar as status,               -- whether orders are expected, or why not, see core.term
    forecast.value_status::varchar as value_status,   -- whether a value is expected, or why not, see core.term
    forecast.known_until::date as known_until,        -- end of observation: 30 days before the last order
    forecast.observed_days::bigint as observed_days,  -- days from the platform's first order to known_until, observed
    forecast.buyers::bigint as buyers,                -- buyers known, observed
    forecast.returned_buyers::bigint as returned_buyers,  -- of them those with an order on a later day, observed
    forecast.expected_orders::double as expected_orders,
    -- days with an order to come from a new buyer after the day of the first; empty unless status is ok
    forecast.expected_orders_low::double as expected_orders_low,
    -- least that the fitted parameters leave open (95 %)
    forecast.expected_orders_high::double as expected_orders_high,
    -- greatest that the fitted parameters leave open (95 %)
    forecast.expected_value::double as expected_value,
    -- worth of these orders on the day of the first, in currency; empty unless value_status is ok
    forecast.expected_value_low::double as expected_value_low,
    -- least that the fitted parameters leave open (95 %)
    forecast.expected_value_high::double as expected_value_high,
    -- greatest that the fitted parameters leave open (95 %)
    forecast.known_buyer_orders::double as known_buyer_orders,
    -- days with an order to come from a buyer who is known already, from known_until on
    forecast.known_buyer_value::double as known_buyer_value,  -- worth of these orders at known_until, in currency
    forecast.yearly_discount::double as yearly_discount,      -- discount of a year, 0.1 for 10 %; an assumption
    forecast.held_days::bigint as held_days,                  -- days of the holdout, observed
    forecast.held_buyers::bigint as held_buyers,              -- buyers who had come before it, observed
    forecast.held_orders::bigint as held_orders,              -- days with an order of them within it, observed
    forecast.held_error::double as held_error,        -- expected over held_orders, less 1
    forecast.held_naive_error::double as held_naive_error,    -- the same of the naive forecast
    forecast.held_miss::double as held_miss,          -- mean absolute difference by buyer, in orders
    forecast.held_naive_miss::double as held_naive_miss,      -- the same of the naive forecast
    forecast.held_value_error::double as held_value_error,
    -- expected value of the orders of the holdout over the actual one, less 1
    forecast.held_naive_value_error::double as held_naive_value_error,  -- the same of the naive forecast
    forecast.r::double as r,                          -- BG/NBD: shape of the rates of orders
    forecast.alpha_days::double as alpha_days,        -- BG/NBD: scale of the rates, in days
    forecast.a::double as a,                          -- BG/NBD: first shape of the probability to leave after an order
    forecast.b::double as b,                          -- BG/NBD: second shape of that probability
    forecast.log_likelihood::double as log_likelihood,  -- BG/NBD: of the histories at these parameters
    forecast.p::double as p,                          -- gamma-gamma: shape of the values of a buyer
    forecast.q::double as q,                          -- gamma-gamma: shape of the mean values of buyers
    forecast.v::double as v,                          -- gamma-gamma: scale of the mean values, in currency
    forecast.value_correlation::double as value_correlation,
    -- of frequency and mean value of returned buyers, observed; the model takes it to be 0
    forecast.currency::varchar as currency,           -- ISO 4217 code of the values
    forecast.is_simulated::boolean as is_simulated    -- true where orders are made up, for a demo
from raw.lifetime_forecast as forecast
