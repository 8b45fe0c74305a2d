-- What a model of the buyers of a platform or a channel expects within a horizon; etl/lifetime/forecast.py fills it.
create table raw.lifetime_forecast (
    platform varchar, -- slug
    channel varchar, -- channel that brought the first order; empty text for all buyers of the platform
    horizon_days bigint, -- days ahead
    status varchar, -- whether orders are expected, or why not
    value_status varchar, -- whether a value is expected, or why not
    known_until date, -- end of observation: 30 days before the platform's last order
    observed_days bigint, -- days from the platform's first order to known_until
    buyers bigint, -- buyers known
    returned_buyers bigint, -- of them those with an order on a later day
    expected_orders double, -- later days with an order of a new buyer
    expected_orders_low double, -- least that the fitted parameters leave open (95 %)
    expected_orders_high double, -- greatest that the fitted parameters leave open (95 %)
    expected_value double, -- worth of these orders on the day of the first, in currency
    expected_value_low double, -- least that the fitted parameters leave open (95 %)
    expected_value_high double, -- greatest that the fitted parameters leave open (95 %)
    known_buyer_orders double, -- days with an order of a known buyer, from known_until on
    known_buyer_value double, -- worth of these orders at known_until, in currency
    yearly_discount double, -- discount of a year
    held_days bigint, -- days of the holdout
    held_buyers bigint, -- buyers known before them
    held_orders bigint, -- days with an order of these buyers within the holdout
    held_error double, -- expected over actual orders, less 1
    held_naive_error double, -- the same of the naive forecast
    held_miss double, -- mean absolute difference of orders by buyer
    held_naive_miss double, -- the same of the naive forecast
    held_value_error double, -- expected over actual value, less 1
    held_naive_value_error double, -- the same of the naive forecast
    r double, -- BG/NBD: shape of the rates
    alpha_days double, -- BG/NBD: scale of the rates, in days
    a double, -- BG/NBD: first shape of the probability to leave
    b double, -- BG/NBD: second shape of the probability to leave
    log_likelihood double, -- BG/NBD: at these parameters, time in days
    p double, -- gamma-gamma: shape of the values of a buyer
    q double, -- gamma-gamma: shape of the means of buyers
    v double, -- gamma-gamma: scale of the means, in currency
    value_correlation double, -- of frequency and mean value of returned buyers
    currency varchar, -- ISO 4217 code of the values
    is_simulated boolean, -- whether orders are made up, for a demo
    input_hash varchar -- of the histories of the platform, and of the program
)
