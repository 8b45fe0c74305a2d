-- What is a new buyer expected to order within a year, and what is that worth? By channel, dearest first.
-- How to read it: all of it is a model, none of it was seen. orders are later days with an order, the first not
-- counted; value is before any margin. the interval holds what the number of buyers leaves open. missed is by how many
-- percent the model missed the orders of days that it had not seen (-12: it expected 12 % too few). Without a number,
-- status and value_status say why. Without order events of your own this is empty.
select
    lifetime.platform,
    lifetime.channel,
    lifetime.buyers,
    round(lifetime.expected_orders, 2) as orders,
    round(lifetime.expected_value, 2) as value,
    format('[{:.2f}, {:.2f}]', lifetime.expected_value_low, lifetime.expected_value_high) as interval,
    lifetime.currency as unit,
    round(100 * lifetime.held_error, 1) as missed,
    lifetime.status,
    lifetime.value_status
from marts.buyer_lifetime as lifetime
where lifetime.horizon_days = 365
order by lifetime.platform, lifetime.expected_value desc nulls last, lifetime.channel
-- Answer: nobody can tell of the demo, whose buyers are all alike: the model is not_determined.
