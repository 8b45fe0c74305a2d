-- What is a new buyer expected to bring: a model, with how far it missed the days that were held back from it.
select
    platform.name,
    lifetime.channel,
    lifetime.horizon_days,
    lifetime.is_model,
    lifetime.status as model_status,
    lifetime.expected_orders,
    lifetime.expected_orders_low,
    lifetime.expected_orders_high,
    lifetime.value_status,
    lifetime.expected_value,
    lifetime.expected_value_low,
    lifetime.expected_value_high,
    lifetime.currency,
    lifetime.held_days,
    lifetime.held_error,
    lifetime.held_naive_error,
    lifetime.held_value_error,
    lifetime.held_naive_value_error,
    lifetime.buyers,
    lifetime.returned_buyers,
    lifetime.known_until,
    lifetime.yearly_discount,
    lifetime.flags
from marts.buyer_lifetime as lifetime
left join core.platform as platform on platform.platform = lifetime.platform
order by lifetime.platform, lifetime.channel, lifetime.horizon_days
