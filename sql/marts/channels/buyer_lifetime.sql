-- What a new buyer of a platform, or of a channel, is expected to order within 90, 180 and 365 days after the first
-- order, and what that is worth then: a model (BG/NBD with gamma-gamma), not a record. What buyers did bring is in
-- marts.buyer_payback, and no figure of one table belongs into the other.
-- Beside each number stands how far the model missed the orders of days that it had not seen, and how far the naive
-- forecast did that every buyer goes on as before. core.lifetime_forecast has the parameters.
-- grain: platform, channel, horizon_days
-- twin: no
-- portable: yes
-- contract: estimates
select
    forecast.platform::varchar as platform,         -- slug
    forecast.channel::varchar as channel,
    -- channel that brought the first order; '' is all buyers of the platform
    forecast.horizon_days::bigint as horizon_days,  -- days after the first order
    true::boolean as is_model,                      -- true: expected, never observed
    forecast.status::varchar as status,             -- whether orders are expected, or why not, see core.term
    forecast.value_status::varchar as value_status,  -- whether a value is expected, or why not, see core.term
    forecast.expected_orders::double as expected_orders,
    -- days with an order to come from a new buyer, the first not counted; empty unless status is ok
    forecast.expected_orders_low::double as expected_orders_low,
    -- least that the fitted parameters leave open (95 %); the error of the model itself is held_error
    forecast.expected_orders_high::double as expected_orders_high,
    -- greatest that the fitted parameters leave open (95 %)
    forecast.expected_value::double as expected_value,
    -- worth of these orders on the day of the first, net of refunds, in currency; empty unless value_status is ok
    forecast.expected_value_low::double as expected_value_low,
    -- least that the fitted parameters leave open (95 %)
    forecast.expected_value_high::double as expected_value_high,
    -- greatest that the fitted parameters leave open (95 %)
    forecast.currency::varchar as currency,         -- ISO 4217 code of the values
    forecast.yearly_discount::double as yearly_discount,  -- discount of a year, 0.1 for 10 %; an assumption
    forecast.known_buyer_orders::double as known_buyer_orders,
    -- days with an order to come from a buyer who is known already, within horizon_days after known_until
    forecast.known_buyer_value::double as known_buyer_value,  -- worth of these orders at known_until, in currency
    forecast.buyers::bigint as buyers,              -- buyers behind the model
    forecast.returned_buyers::bigint as returned_buyers,  -- of them those with an order on a later day
    forecast.observed_days::bigint as observed_days,  -- days from the platform's first order to known_until
    forecast.known_until::date as known_until,      -- end of observation: 30 days before the last order
    forecast.held_days::bigint as held_days,        -- last days that were held back to measure the errors
    forecast.held_error::double as held_error,      -- orders expected of these days over those that came, less 1
    forecast.held_naive_error::double as held_naive_error,  -- the same of the naive forecast
    forecast.held_miss::double as held_miss,        -- mean absolute difference by buyer, in orders
    forecast.held_naive_miss::double as held_naive_miss,  -- the same of the naive forecast
    forecast.held_value_error::double as held_value_error,  -- value expected of these days over the actual one, less 1
    forecast.held_naive_value_error::double as held_naive_value_error,  -- the same of the naive forecast
    (
        case
            when
                abs(forecast.held_error) > abs(forecast.held_naive_error)
                or forecast.held_miss > forecast.held_naive_miss
                then ['worse_than_naive']
            else []
        end
    )::varchar[] as flags,                          -- what a reader must know, see core.term
    forecast.is_simulated::boolean as is_simulated  -- true where orders are made up, for a demo
from core.lifetime_forecast as forecast
