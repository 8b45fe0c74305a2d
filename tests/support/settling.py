"""Exports that settle by known curves, delivered morning by morning: what ad platforms do to their last days.

A seed is one platform of four channels, each with a curve of its own. The product sees the files; the tests know
every event, and so the final figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

FIRST = date(2025, 9, 1)
BACK, DELIVERIES = 20, 100
"""Days that each file tells again, and number of files; the first is of the morning of day BACK."""
DAYS = BACK + DELIVERIES
HEADER = "platform,date,channel,currency,clicks,reported_orders,marketing_spend"
CHANNELS = ("exponential", "weekday", "refunds", "uneven")
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """Figures of one platform and channel by day and by age from 1 to BACK: clicks, orders, and spend in cents."""

    platform: str
    channel: str
    clicks: Ints
    orders: Ints
    cents: Ints


def curves_of(seed: int) -> Iterator[Curves]:
    """The four channels of a seed."""
    rng = np.random.default_rng([20251130, seed])
    weekday = np.array([(FIRST + timedelta(days=n)).weekday() for n in range(DAYS)])
    for channel in CHANNELS:
        level = np.exp(rng.uniform(np.log(200), np.log(5_000)))
        busy = level * np.where(weekday >= 5, rng.uniform(0.6, 1.4), 1) * np.exp(rng.normal(0, 0.15, DAYS))
        clicks = rng.poisson(busy)
        half_life = rng.uniform(0.7, 3.5)
        if channel == "uneven":  # every day arrives at its own pace
            half = half_life * np.exp(rng.normal(0, 0.3, DAYS))
        elif channel == "weekday":  # what is bought at a weekend is told late
            half = half_life * np.where(weekday >= 4, 1.5, 1.0)
        else:
            half = np.full(DAYS, half_life)
        orders = arrived(rng, rng.poisson(busy * rng.uniform(0.03, 0.15)), half)
        taken = np.zeros((DAYS, BACK), dtype=np.int64)
        if channel == "refunds":  # clicks found invalid after days, on some days none
            bad = rng.binomial(clicks, rng.beta(2, 40, DAYS) * (rng.random(DAYS) < 0.8))
            taken = arrived(rng, bad, np.full(DAYS, rng.uniform(1.5, 4)))
        left = clicks[:, None] - taken
        price = rng.uniform(20, 150) * np.exp(rng.normal(0, 0.1, DAYS))
        late = arrived(rng, rng.binomial(clicks, 0.03), np.full(DAYS, 1.0)) if channel != "refunds" else -taken
        cents = np.rint(price[:, None] * (clicks[:, None] + late)).astype(np.int64)
        yield Curves(f"seed_{seed}", channel, left, orders, cents)


def arrived(rng: np.random.Generator, total: Ints, half_life: Floats) -> Ints:
    """How many of each day's events are told by age 1 to BACK, after delays with the half-life of their day."""
    told = np.zeros((len(total), BACK), dtype=np.int64)
    for day, (number, half) in enumerate(zip(total, half_life, strict=True)):
        delay = np.ceil(rng.exponential(half / np.log(2), number)).astype(np.int64).clip(1, BACK)
        told[day] = np.cumsum(np.bincount(delay, minlength=BACK + 1)[1:])
    return told


def lines(curves: Sequence[Curves], delivery: int) -> Iterator[str]:
    """The rows of one morning's file: of each channel the last BACK days, those of age 1 to BACK.

    A channel of seed n is delivered n % 7 days fewer, so that the last delivery falls on every weekday.
    """
    for number, one in enumerate(curves):
        if delivery >= DELIVERIES - number // len(CHANNELS) % 7:
            continue
        for age in range(1, BACK + 1):
            day = BACK + delivery - age
            yield row(one, day, age)


def row(one: Curves, day: int, age: int) -> str:
    when, place = FIRST + timedelta(days=day), (day, age - 1)
    spend = Decimal(int(one.cents[place])) / 100
    return f"{one.platform},{when},{one.channel},USD,{one.clicks[place]},{one.orders[place]},{spend}"
