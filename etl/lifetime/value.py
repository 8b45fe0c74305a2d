"""Gamma-gamma: what a later order day of a buyer is worth, and the lifetime value that follows.

The values of a buyer's order days scatter around a mean of its own by a gamma distribution of shape `p`, and the means
of buyers by an inverse gamma distribution of shape `q` and scale `v`. A buyer with few order days is drawn towards the
mean of all. Amounts are in any one currency; `v` and the expected values are in it too.

The model takes for granted that how much a buyer pays does not depend on how often: `correlation` tells how far that
holds, and beyond WIDEST_CORRELATION there is no model.

Source: Fader, Hardie and Lee (2005), "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis"; Fader and Hardie
(2013), "The Gamma-Gamma Model of Monetary Value". tests/lifetime/test_value.py reproduces their parameters for CDNOW.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, psi  # type: ignore[import-untyped]

from etl.errors import MendError
from etl.lifetime.optimum import ENOUGH, Array, NoModelError, Sample, dot, log_deviation, maximum
from etl.lifetime.orders import Histories, OrderModel, expected_orders, expected_orders_of_new

WIDEST_CORRELATION = 0.3
MOST_WITHOUT_VALUE = 0.05  # share of returning buyers whose later order days are worth nothing
DISCOUNT_STEP_DAYS = 30
YEAR_DAYS = 365


@dataclass(frozen=True)
class ValueModel:
    """A fitted gamma-gamma model, of buyers with `frequency` later order days that are worth something.

    `correlation` is that of the frequency and the mean value of these buyers; `covariance` is that of the logarithms
    of p, q and v.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    correlation: float
    covariance: Array


def fit_values(frequency: Array, mean_value: Array) -> ValueModel:
    """The parameters under which the mean values of later order days are likeliest, a buyer an entry.

    Buyers without a later order day are left out, and so are those whose later order days are worth 0.

    Raises NoModelError where nobody came back (no_returns), more than MOST_WITHOUT_VALUE of those who did paid nothing
    (worthless_orders), value and frequency go together (value_by_frequency), the mean of all buyers is not finite, with
    q of 1 or less (no_mean_value), or the likelihood has no maximum (not_determined); MendError for a value below 0.
    """
    returned = frequency > 0
    x, mean = frequency[returned], mean_value[returned]
    if not len(x):
        raise NoModelError("no_returns", "gamma-gamma: no buyer has a later order, so nothing tells what one is worth")
    if not np.isfinite(mean).all() or (mean < 0).any():
        raise MendError("gamma-gamma: the mean value of a buyer's later orders is missing or negative")
    worthless = float((mean == 0).mean())
    if worthless > MOST_WITHOUT_VALUE:
        raise NoModelError(
            "worthless_orders", f"gamma-gamma: {worthless:.0%} of the returning buyers paid nothing for later orders"
        )
    x, mean = x[mean > 0], mean[mean > 0]
    correlation = float(np.corrcoef(x, mean)[0, 1]) if np.ptp(x) and np.ptp(mean) else 0.0
    if abs(correlation) > WIDEST_CORRELATION:
        raise NoModelError(
            "value_by_frequency",
            f"gamma-gamma: value and frequency of buyers go together (correlation {correlation:.2f}, at most "
            f"{WIDEST_CORRELATION} either way), and the model takes them to be independent",
        )
    scale = float(np.exp(np.log(mean).mean()))  # not the mean, which one large order can move
    step = -(-len(x) // ENOUGH)
    whole, part = (_ScaledMeans(x[::each], mean[::each] / scale).sample for each in (1, step))
    starts = [(1.0, 2.0, 1.0), (6.0, 4.0, 0.5), (0.5, 8.0, 10.0)]
    found = maximum(whole, part, starts, "gamma-gamma")
    p, q, v = (float(value) for value in found.parameters)
    if q <= 1:
        raise NoModelError("no_mean_value", f"gamma-gamma: with q = {q:.3g} the mean value of all buyers is not finite")
    return ValueModel(p, q, v * scale, found.log_likelihood - len(x) * np.log(scale), correlation, found.covariance)


class _ScaledMeans:
    """The likelihood of mean values in a unit in which they are near 1."""

    def __init__(self, frequency: Array, mean: Array) -> None:
        self.frequency, self.sum = frequency, frequency * mean
        self.values, place = np.unique(frequency, return_inverse=True)
        self.counts = np.bincount(place).astype(np.float64)
        self.log_sum = dot(np.log(self.sum), frequency)
        self.log_means = float(np.log(mean).sum())
        self.count = float(len(frequency))

    @property
    def sample(self) -> Sample:
        """The likelihood with the number of buyers behind it."""
        return Sample(self.log_likelihood, self.count)

    def log_likelihood(self, parameters: Array) -> tuple[float, Array]:
        """The log-likelihood and its slope by p, q and v."""
        p, q, v = parameters
        px = p * self.values
        wide = v + self.sum
        logs = np.log(wide)
        of_orders, of_buyers = dot(self.frequency, logs), float(logs.sum())
        value = (
            dot(self.counts, gammaln(px + q) - gammaln(px) - gammaln(q))
            + self.count * q * np.log(v)
            + p * self.log_sum
            - self.log_means
            - p * of_orders
            - q * of_buyers
        )
        slope = [
            dot(self.counts, self.values * (psi(px + q) - psi(px))) + self.log_sum - of_orders,
            dot(self.counts, psi(px + q) - psi(q)) + self.count * np.log(v) - of_buyers,
            self.count * q / v - dot(p * self.frequency + q, 1 / wide),
        ]
        return float(value), np.array(slope)


def expected_value(model: ValueModel, frequency: Array, mean_value: Array) -> Array:
    """The value of an order day to be expected of each buyer; of one without a later order the mean of all buyers."""
    frequency, paid = np.asarray(frequency, np.float64), np.where(frequency > 0, frequency * mean_value, 0.0)
    below = model.p * frequency + model.q - 1
    return np.asarray(model.p * (model.v + paid) / below, np.float64)


def expected_value_of_new(model: ValueModel) -> float:
    """The value of a later order day to be expected of a new buyer: the mean of all buyers."""
    return model.p * model.v / (model.q - 1)


def log_deviation_of_new_value(model: ValueModel) -> float:
    """The standard deviation of the logarithm of `expected_value_of_new` that the fitted parameters leave open."""
    return log_deviation(
        lambda found: float(found[0] * found[2] / (found[1] - 1)),
        np.array([model.p, model.q, model.v]),
        model.covariance,
    )


def lifetime_value(
    orders: OrderModel, histories: Histories, value_of_order: Array, *, horizon_days: int, yearly_discount: float
) -> Array:
    """What the orders of the next `horizon_days` are worth today, for a buyer of each group.

    An order is discounted to today from the middle of its step of at most 30 days; `yearly_discount` is 0.1 for 10 %.
    """
    today = np.zeros(len(histories.frequency))
    before = today
    for end, factor in discount_steps(horizon_days, yearly_discount):
        until = expected_orders(orders, histories, end)
        today = today + (until - before) * factor
        before = until
    return today * value_of_order


def lifetime_value_of_new(
    orders: OrderModel, values: ValueModel, *, horizon_days: int, yearly_discount: float
) -> float:
    """What the later orders of a new buyer are worth on the day of the first, which is not counted."""
    today = before = 0.0
    for end, factor in discount_steps(horizon_days, yearly_discount):
        until = expected_orders_of_new(orders, end)
        today += (until - before) * factor
        before = until
    return today * expected_value_of_new(values)


def discount_steps(horizon_days: int, yearly_discount: float) -> list[tuple[float, float]]:
    """The last day of each step, all equally long and of at most 30 days, and the factor of the middle of it."""
    count = -(-horizon_days // DISCOUNT_STEP_DAYS)
    length = horizon_days / count
    ends = [length * number for number in range(1, count + 1)]
    return [(end, (1 + yearly_discount) ** -((end - length / 2) / YEAR_DAYS)) for end in ends]
