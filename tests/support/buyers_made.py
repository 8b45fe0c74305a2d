"""Buyers made by chance after BG/NBD and gamma-gamma, so that the true parameters are known. Nothing of it is real."""

from __future__ import annotations

import numpy as np

from etl.lifetime.optimum import Array
from etl.lifetime.orders import Histories


def made_histories(rng: np.random.Generator, buyers: int, parameters: Array, last_day: int = 540) -> Histories:
    """Histories of buyers who came within the first third of the days; orders of one day are one.

    `parameters` are r, alpha_days, a and b.
    """
    r, alpha, a, b = parameters
    age = (last_day - rng.integers(0, last_day // 3, buyers)).astype(np.float64)
    rate, leaving = rng.gamma(r, 1 / alpha, buyers), rng.beta(a, b, buyers)
    time, frequency, recency = np.zeros(buyers), np.zeros(buyers), np.zeros(buyers)
    alive = np.arange(buyers)
    while len(alive):
        time[alive] += rng.exponential(1 / np.maximum(rate[alive], 1e-300))
        alive = alive[time[alive] < age[alive]]
        day = np.floor(time[alive])
        frequency[alive] += day > recency[alive]
        recency[alive] = day
        alive = alive[rng.random(len(alive)) >= leaving[alive]]
    return Histories.of_buyers(frequency, recency, age)


def made_means(rng: np.random.Generator, frequency: Array, parameters: Array) -> Array:
    """The mean value of the later order days of buyers, 0 for those without; `parameters` are p, q and v."""
    p, q, v = parameters
    of_buyer = p * v / rng.gamma(q, 1, len(frequency))
    shape = p * np.maximum(frequency, 1)
    return np.where(frequency > 0, rng.gamma(shape, of_buyer / shape), 0.0)
