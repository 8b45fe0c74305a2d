"""BG/NBD: how many days with an order are still to come from a buyer, from those that were.

While a buyer is alive, orders come at random at a rate of its own; after each of them the buyer may leave for good,
with a probability of its own. Rates follow a gamma distribution (r, alpha), probabilities a beta distribution (a, b).
Days are the only unit of time. Of a buyer, `frequency` is the number of days with an order after the first one,
`recency_days` the days from the first to the last of them (0 without a later one) and `age_days` the days from the
first to the end of observation.

Source: Fader, Hardie and Lee (2005), "Counting Your Customers the Easy Way"; Fader and Hardie (2013), "Overcoming the
BG/NBD Model's #NUM! Error Problem". tests/lifetime/test_orders.py reproduces their parameters for CDNOW.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, gammaln, hyp2f1, psi  # type: ignore[import-untyped]

from etl.errors import MendError
from etl.lifetime.optimum import ENOUGH, Array, NoModelError, Sample, dot, log_deviation, maximum

NEAREST = 1e-7  # how near to a pole that cancels out the closed form is evaluated; its error there is as small


@dataclass(frozen=True)
class Histories:
    """The histories of buyers: an entry of each array is a group of `buyers` with equal histories.

    Raises MendError for what cannot be counted in days: a part of a day, more days with an order than days, an order
    after the end of observation. Weeks that are passed as days mostly end here, not in four times the orders.
    """

    frequency: Array
    recency_days: Array
    age_days: Array
    buyers: Array

    def __post_init__(self) -> None:
        """Hold the histories against what days allow."""
        frequency, recency, age, buyers = self.frequency, self.recency_days, self.age_days, self.buyers
        told = (frequency, recency, age, buyers)
        are_counts = all(((values >= 0) & (values % 1 == 0)).all() for values in told)  # a missing one is neither
        if not are_counts or len({values.shape for values in told}) > 1:
            raise MendError("histories of buyers are whole numbers of days and orders, none negative or missing")
        if (recency > age).any() or ((frequency == 0) != (recency == 0)).any():
            raise MendError("the last order of a buyer lies between the first one and the end of observation")
        if (frequency > recency).any():
            raise MendError("a buyer has more days with an order than days: is the time in weeks or months?")

    @classmethod
    def of_buyers(cls, frequency: Array, recency_days: Array, age_days: Array) -> Histories:
        """An entry for each buyer."""
        x, recency, age = (np.asarray(values, np.float64) for values in (frequency, recency_days, age_days))
        return cls(x, recency, age, np.ones(len(x)))

    def grouped(self) -> Histories:
        """One entry for all buyers with equal histories, so that work does not grow with every buyer."""
        return self.grouped_with(self.buyers)[0]

    def grouped_with(self, amounts: Array) -> tuple[Histories, Array]:
        """The same, with the sum of the amounts of the buyers of each group."""
        rows = np.stack([self.frequency, self.recency_days, self.age_days])
        order = np.lexsort(rows)
        rows = rows[:, order]
        starts = np.flatnonzero(np.concatenate([[True], (np.diff(rows, axis=1) != 0).any(axis=0)]))
        frequency, recency, age = rows[:, starts]
        groups = Histories(frequency, recency, age, np.add.reduceat(self.buyers[order], starts))
        return groups, np.add.reduceat(amounts[order], starts)

    def part(self) -> Histories:
        """Entries at equal distances, at most ENOUGH: of sorted groups, every kind of history."""
        step = -(-len(self.buyers) // ENOUGH)
        return Histories(self.frequency[::step], self.recency_days[::step], self.age_days[::step], self.buyers[::step])


@dataclass(frozen=True)
class OrderModel:
    """A fitted BG/NBD: rates have shape `r` and scale `alpha_days`, probabilities of leaving the shapes `a` and `b`.

    `covariance` is that of the logarithms of the four, in this order.
    """

    r: float
    alpha_days: float
    a: float
    b: float
    log_likelihood: float
    covariance: Array

    @property
    def parameters(self) -> Array:
        """r, alpha_days, a, b."""
        return np.array([self.r, self.alpha_days, self.a, self.b])


def fit_orders(histories: Histories) -> OrderModel:
    """The parameters under which these histories are likeliest.

    Raises NoModelError where nobody came back (no_returns) or the likelihood has no maximum (not_determined).
    """
    if not (histories.frequency > 0).any():
        raise NoModelError("no_returns", "BG/NBD: no buyer has a later order, so nothing tells how often buyers return")
    scale = float(np.average(histories.age_days, weights=histories.buyers))
    whole, part = (_ScaledHistories(each, scale).sample for each in (histories, histories.part()))
    mean = float(np.average(histories.frequency, weights=histories.buyers))
    starts = [(r, r / mean, a, b) for r, a, b in ((0.3, 0.5, 2.0), (1.0, 1.0, 1.0), (2.0, 0.2, 2.0))]
    found = maximum(whole, part, starts, "BG/NBD")
    r, alpha, a, b = (float(value) for value in found.parameters)
    shift = float(histories.buyers @ histories.frequency) * np.log(scale)
    return OrderModel(r, alpha * scale, a, b, found.log_likelihood - shift, found.covariance)


class _ScaledHistories:
    """The likelihood of histories in a unit of time in which the parameters are near 1."""

    def __init__(self, histories: Histories, scale: float) -> None:
        self.buyers, self.frequency = histories.buyers, histories.frequency
        self.recency, self.age = histories.recency_days / scale, histories.age_days / scale
        self.returned = self.frequency > 0
        # Terms of the frequency alone are worked out once for all buyers with the same one.
        self.values, self.place = np.unique(self.frequency, return_inverse=True)
        self.counts = self._by_frequency(self.buyers)
        self.total = float(self.buyers.sum())

    def _by_frequency(self, of_each: Array) -> Array:
        return np.asarray(np.bincount(self.place, weights=of_each), np.float64)

    @property
    def sample(self) -> Sample:
        """The likelihood with the number of buyers behind it."""
        return Sample(self.log_likelihood, self.total)

    def log_likelihood(self, parameters: Array) -> tuple[float, Array]:
        """The log-likelihood and its slope by r, alpha, a and b."""
        r, alpha, a, b = parameters
        x, later = self.values, np.maximum(self.values - 1, 0)
        common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
        by_r = psi(r + x) - psi(r) + np.log(alpha)
        by_a = psi(a + b) - psi(a + b + x)
        by_b = psi(b + x) - psi(b) + by_a
        leaving = (np.log(a) - np.log(b + later))[self.place]
        since_age, since_last = np.log(alpha + self.age), np.log(alpha + self.recency)
        power = r + self.frequency
        stays, leaves = -power * since_age, np.where(self.returned, leaving - power * since_last, -np.inf)
        both = np.logaddexp(stays, leaves)
        left = np.exp(leaves - both) * self.buyers  # buyers, each by the probability to have left
        alive = self.buyers - left
        value = dot(self.counts, common) + dot(self.buyers, both)
        gone = self._by_frequency(left)
        slope = [
            dot(self.counts, by_r) - dot(alive, since_age) - dot(left, since_last),
            self.total * r / alpha - dot(power, alive / (alpha + self.age) + left / (alpha + self.recency)),
            dot(self.counts, by_a) + gone.sum() / a,
            dot(self.counts, by_b) - dot(gone, 1 / (b + later)),
        ]
        return value, np.array(slope)


def probability_alive(model: OrderModel, histories: Histories) -> Array:
    """The probability that a buyer has not left, by group: 1 without a later order, for one leaves only after one."""
    x = histories.frequency
    passed = np.log(model.alpha_days + histories.age_days) - np.log(model.alpha_days + histories.recency_days)
    odds = np.log(model.a) - np.log(model.b + np.maximum(x - 1, 0)) + (model.r + x) * passed
    return np.where(x > 0, 1 / (1 + np.exp(np.minimum(odds, 700))), 1.0)


def expected_orders(model: OrderModel, histories: Histories, horizon_days: float) -> Array:
    """Days with an order to be expected of a buyer within `horizon_days` after the end of observation, by group."""
    return probability_alive(model, histories) * _if_alive(
        model.parameters, histories.frequency, histories.age_days, horizon_days
    )


def expected_orders_of_new(model: OrderModel, horizon_days: float) -> float:
    """Days with an order to be expected of a new buyer within `horizon_days` after the first, which is not counted."""
    return float(_if_alive(model.parameters, np.zeros(1), np.zeros(1), horizon_days)[0])


def log_deviation_of_new(model: OrderModel, horizon_days: float) -> float:
    """The standard deviation of the logarithm of `expected_orders_of_new` that the fitted parameters leave open.

    It is the doubt of a finite number of buyers, not that the model may be wrong for them: for that see the holdout.
    """
    zero = np.zeros(1)
    return log_deviation(
        lambda parameters: float(_if_alive(parameters, zero, zero, horizon_days)[0]), model.parameters, model.covariance
    )


def _if_alive(parameters: Array, frequency: Array, age_days: Array, horizon_days: float) -> Array:
    """Days with an order to come from a buyer who has not left.

    The published form, or the one after Euler's transformation: of the two the one whose series stays bounded, so that
    neither buyers with many orders nor a large `a` overflow. Both divide by a - 1 and by a + b + x - 1; where one of
    them is 0, the whole has a limit, from which it is NEAREST away.

    Raises NoModelError (not_determined) where scipy has no value, as for buyers who hardly differ and a horizon far
    beyond the time between their orders.
    """
    r, alpha, a, b = parameters
    a = a if abs(a - 1) > NEAREST else 1 + NEAREST
    rate = r + frequency
    third = a + b + frequency - 1
    third = np.where(np.abs(third) > NEAREST, third, NEAREST)
    share = horizon_days / (alpha + age_days + horizon_days)
    is_published = a - 1 > rate
    first, second = np.where(is_published, rate, third - rate), np.where(is_published, b + frequency, a - 1)
    power = np.where(is_published, rate, a - 1)
    grown = np.exp(power * np.log1p(-share)) * hyp2f1(first, second, third, share)
    found = np.asarray(third / (a - 1) * (1 - grown), np.float64)
    if not np.isfinite(found).all():
        raise NoModelError(
            "not_determined", "BG/NBD: what these parameters expect cannot be computed in this precision"
        )
    return found
