"""Panels to estimate effects on: three public ones, and made worlds whose effect is known.

Public, outcomes only, one column a unit: prop99.csv has packs of cigarettes sold a head by state, 1970 to 2000 (Abadie,
Diamond and Hainmueller 2010), basque.csv GDP a head of Spanish regions in thousands of 1986 USD, 1955 to 1997 (Abadie
and Gardeazabal 2003), germany.csv GDP a head of OECD countries in USD at purchasing power parity, 1960 to 2003 (Abadie,
Diamond and Hainmueller 2015).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from etl.effect.estimate import Array, weights

DATA = Path(__file__).parent.parent / "data"
# The unit that met an event, and its first year: a tax, terrorism, reunification.
EVENTS = {
    "prop99": ("California", "1989"),
    "basque": ("Basque Country (Pais Vasco)", "1970"),
    "germany": ("West Germany", "1990"),
}


def public_panel(name: str) -> tuple[list[str], list[str], Array, int]:
    """Units with the one of the event first, years, values as units by years, and how many years are before."""
    unit, first_year = EVENTS[name]
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        (_, *units), *rows = csv.reader(file)
    order = [units.index(unit), *(column for column, other in enumerate(units) if other != unit)]
    values = np.array([[float(cell) for cell in row[1:]] for row in rows]).T[order]
    years = [row[0] for row in rows]
    return [units[column] for column in order], years, values, years.index(first_year)


def synthetic_control(values: Array, before: int) -> tuple[float, Array]:
    """The plain synthetic control, whose donors are weighted to meet the unit's level, too: estimate and weights."""
    found = weights(values[1:, :before].T, values[0, :before], 0.0, demeaned=False)
    return float((values[0] - found @ values[1:])[before:].mean()), found


@dataclass(frozen=True)
class World:
    """Units that follow a market and a cycle in their own measure, a season, and noise that outlasts its period.

    Values are logarithms: 0.03 is 3 %. `wander` is the shock by which each unit drifts away for good, a period.
    """

    periods_of_year: int
    donors: int
    before: int
    after: int
    drift: float  # of the market, a period
    shock: float  # of market and cycle
    wander: float = 0.0

    def values(self, seed: int, effect: float = 0.0) -> Array:
        """Units by periods; the first unit gets the effect after `before` periods."""
        rng = np.random.default_rng(seed)
        units, periods = self.donors + 1, self.before + self.after
        market = np.cumsum(rng.normal(self.drift, self.shock, periods))
        cycle = _autoregressive(rng.normal(0, self.shock, (1, periods)), 0.8)
        season = np.resize(rng.normal(0, 0.08, self.periods_of_year), periods)
        noise = _autoregressive(np.exp(rng.normal(0, 0.3, (units, 1))) * rng.normal(0, 0.03, (units, periods)), 0.4)
        followed = ((1, market), (0.5, cycle), (1, season))
        values: Array = rng.normal(8, 1, (units, 1)) + noise
        for measure, path in followed:
            values = values + rng.normal(measure, 0.3, (units, 1)) * path
        if self.wander:
            values = values + np.cumsum(rng.normal(0, self.wander, values.shape), axis=1)
        values[0, self.before :] += effect
        return values


# A figure of platforms by quarter, such as revenue, and one of shops by week, such as sales.
QUARTERLY = World(periods_of_year=4, donors=20, before=20, after=8, drift=0.02, shock=0.03)
WEEKLY = World(periods_of_year=52, donors=20, before=100, after=50, drift=0.003, shock=0.01)


def _autoregressive(shocks: Array, share: float) -> Array:
    """A series whose deviation of a period goes on by this share into the next."""
    values = shocks.copy()
    for period in range(1, values.shape[1]):
        values[:, period] += share * values[:, period - 1]
    return values
