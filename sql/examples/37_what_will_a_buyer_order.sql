-- What is a new buyer expected to order within a year, and what is that worth? By channel, dearest first.
-- How to read it: all of it is a model, none of it was seen. orders are later days with an order, the first not
-- counted; value is before any margin. low and high hold what the number of buyers leaves open. missed_pct is by how
-- much the model missed the orders of days that it had not seen (-12: it expected 12 % too few), naive_pct the same of
-- the forecast that buyers go on as before. Without a number, status and value_status say why. Without order events of
-- your own this is empty.
select
    lifetime.platform,
    lifetime.channel,
    lifetime.buyers,
    round(lifetime.expected_orders, 2) as orders,
    round(lifetime.expected_value, 2) as value,
    round(lifetime.expected_value_low, 2) as low,
    round(lifetime.expected_value_high, 2) as high,
    lifetime.currency,
    round(100 * lifetime.held_error, 1) as missed_pct,
    round(100 * lifetime.held_naive_error, 1) as naive_pct,
    round(100 * lifetime.held_value_error, 1) as value_missed_pct,
    lifetime.known_until,
    lifetime.status,
    lifetime.value_status,
    lifetime.flags
from marts.buyer_lifetime as lifetime
where lifetime.horizon_days = 365
order by lifetime.platform, lifetime.expected_value desc nulls last, lifetime.channel
