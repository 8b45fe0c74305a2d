"""How far the models miss what they have not seen: fitted on the first part of the time, held against the rest.

Beside them stands the naive forecast that each buyer goes on ordering as often as before, at the mean of what it paid.
A model that does not miss by less than that has nothing to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl.lifetime.optimum import Array
from etl.lifetime.orders import Histories, OrderModel, expected_orders


@dataclass(frozen=True)
class Holdout:
    """What came within `days` after the fit from the buyers known by then, against what was expected of them.

    `orders` are days with an order. `error` is the expected total over the actual one, less 1, or None where nothing
    came; `miss` is the mean absolute difference by buyer, in orders. `naive_error` and `naive_miss` are those of the
    naive forecast.
    """

    days: int
    buyers: int
    orders: int
    expected: float
    error: float | None
    naive_error: float | None
    miss: float
    naive_miss: float


def hold_out(model: OrderModel, fitted: Histories, came: Array, days: int) -> Holdout:
    """Compare a model of `fitted`, an entry a buyer, with the days with an order that `came` of each in `days`."""
    expected = expected_orders(model, fitted, days)
    naive = fitted.frequency / np.maximum(fitted.age_days, 1) * days
    return Holdout(
        days=days,
        buyers=len(came),
        orders=int(came.sum()),
        expected=float(expected.sum()),
        error=relative_error(expected, came),
        naive_error=relative_error(naive, came),
        miss=float(np.abs(expected - came).mean()),
        naive_miss=float(np.abs(naive - came).mean()),
    )


def relative_error(expected: Array, came: Array) -> float | None:
    """The total expected over the one that came, less 1; None where that is 0 or less."""
    total = float(came.sum())
    return float(expected.sum()) / total - 1 if total > 0 else None
