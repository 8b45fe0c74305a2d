"""What an event did to one unit among several: synthetic difference-in-differences, with reasons to refuse.

One unit (the first row of the values) meets the event after `before` periods, the others, the donors, never
do. Source: Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), "Synthetic difference-in-differences";
Abadie, Diamond and Hainmueller (2010) for the synthetic control. tests/test_effect.py gives back the
published numbers of Proposition 99.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls  # type: ignore[import-untyped]
from scipy.stats import t as student  # type: ignore[import-untyped]

Array = NDArray[np.float64]
CONFIDENCE = 0.95
FEWEST_DONORS, FEW_DONORS = 3, 5
FEWEST_BEFORE, FEW_BEFORE, FEWEST_AFTER = 8, 12, 2
# A control that misses the unit by more than half of the unit's own scatter before the event fits nothing.
WORST_FIT = 0.5


class WeightsError(ArithmeticError):
    """The weights found are not the best ones; no estimate rests on them."""


@dataclass(frozen=True)
class Effect:
    """An estimate in the unit of the values, or the reason in `status` why there is none.

    `status` is ok, exploratory (8 to 11 periods before), or a reason. `smallest` is the effect from which on
    the interval leaves out 0: what could have been seen; None with fewer than 3 donors. `low` and `high` are
    the 95 % interval from the placebos, `least` and `most` the estimates when each donor is left out.
    """

    status: str
    donors: int
    before: int
    after: int
    smallest: float | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    least: float | None = None
    most: float | None = None
    share_of_placebos: float | None = None
    demeaned_control: float | None = None
    difference: float | None = None

    @property
    def is_estimate(self) -> bool:
        """Whether there is a number."""
        return self.estimate is not None


def measure_effect(values: Array, before: int) -> Effect:
    """The effect on the first row, or why there is none. `values` is units by periods, without gaps.

    Raises WeightsError when the numbers cannot be trusted, ValueError for values with gaps.
    """
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError("the values have gaps: an effect needs every unit in every period")
    donors, after = values.shape[0] - 1, values.shape[1] - before
    enough = before >= 2 and after >= 1
    spread = _spread(values, before) if donors >= FEWEST_DONORS and enough else None
    factor = float(student.ppf((1 + CONFIDENCE) / 2, donors - 1)) if spread is not None else 0.0
    smallest = None if spread is None else factor * spread
    status = _refusal(values, before, donors, after, factor)
    if status:
        return Effect(status, donors, before, after, smallest)
    assert smallest is not None  # noqa: S101 (enough donors and periods)
    found = sdid(values, before)
    left_out = [sdid(np.delete(values, row, axis=0), before) for row in range(1, donors + 1)]
    as_large = [abs(placebo) >= abs(found) for placebo in placebos(values, before)]
    return Effect(
        "ok" if before >= FEW_BEFORE else "exploratory",
        donors,
        before,
        after,
        smallest,
        found,
        found - smallest,
        found + smallest,
        min(left_out),
        max(left_out),
        (1 + sum(as_large)) / (1 + donors),
        demeaned_control(values, before),
        difference(values, before),
    )


def sdid(values: Array, before: int) -> float:
    """Synthetic difference-in-differences: the mean after the event, against weighted donors and periods."""
    unit, donors = values[0], values[1:]
    after = values.shape[1] - before
    noise = float(np.diff(donors[:, :before], axis=1).std(ddof=1))
    of_units = weights(donors[:, :before].T, unit[:before], after**0.25 * noise)
    of_periods = weights(donors[:, :before], donors[:, before:].mean(axis=1), 1e-6 * noise)
    change = unit[before:].mean() - of_periods @ unit[:before]
    expected = of_units @ (donors[:, before:].mean(axis=1) - donors[:, :before] @ of_periods)
    return float(change - expected)


def demeaned_control(values: Array, before: int) -> float:
    """Synthetic control of the deviations from each unit's own level before."""
    return float(_gap(values, before)[before:].mean())


def synthetic_control(values: Array, before: int) -> float:
    """The plain synthetic control: donors weighted to meet the unit's level, too."""
    found = weights(values[1:, :before].T, values[0, :before], 0.0, demeaned=False)
    return float((values[0] - found @ values[1:])[before:].mean())


def difference(values: Array, before: int) -> float:
    """Difference-in-differences against the mean of all donors."""
    change = values[:, before:].mean(axis=1) - values[:, :before].mean(axis=1)
    return float(change[0] - change[1:].mean())


def placebos(values: Array, before: int) -> list[float]:
    """The estimate for each donor as if it had met the event, from the other donors."""
    donors = values[1:]
    rows = range(len(donors))
    return [sdid(donors[[row, *(other for other in rows if other != row)]], before) for row in rows]


def weights(columns: Array, target: Array, ridge: float, demeaned: bool = True) -> Array:
    """Weights of the columns, none negative and 1 in sum, that come nearest to the target.

    `ridge` keeps them apart: its square times the rows is added for each squared weight. Non-negative least
    squares with a heavy row for the sum; raises WeightsError unless the result is optimal.
    """
    if demeaned:
        columns, target = columns - columns.mean(axis=0), target - target.mean()
    rows, width = columns.shape
    scale = max(float(np.abs(columns).max()), float(np.abs(target).max()), 1e-12)
    penalty = np.sqrt(rows) * ridge
    stacked = np.vstack([columns / scale, penalty / scale * np.eye(width), 1e4 * np.ones((1, width))])
    wanted = np.concatenate([target / scale, np.zeros(width), [1e4]])
    found: Array
    found, _ = nnls(stacked, wanted, maxiter=50 * width)
    found = np.asarray(found / found.sum(), np.float64)
    slope = (columns.T @ (columns @ found - target) + penalty**2 * found) / scale**2
    # At the best weights no shift between two columns gains: where one is used, its slope is the least.
    if float((slope[found > 1e-6] - slope.min()).max()) > 1e-4 * max(1.0, float(np.abs(slope).max())):
        raise WeightsError("the weights are not the best ones; the periods or units are too much alike")
    return found


def _gap(values: Array, before: int) -> Array:
    """The unit less its demeaned control, around 0 before the event."""
    level = values[:, :before].mean(axis=1, keepdims=True)
    apart = values - level
    gap: Array = apart[0] - weights(apart[1:, :before].T, apart[0, :before], 0.0) @ apart[1:]
    return gap


def _spread(values: Array, before: int) -> float:
    return float(np.sqrt(np.mean(np.square(placebos(values, before)))))


def _refusal(values: Array, before: int, donors: int, after: int, factor: float) -> str:
    """The first reason not to give a number; empty where there is none."""
    for is_short, reason in (
        (donors < FEWEST_DONORS, "single_unit_only"),
        (donors < FEW_DONORS, "insufficient_donors"),
        (before < FEWEST_BEFORE, "insufficient_pre_period"),
        (after < FEWEST_AFTER, "insufficient_post"),
    ):
        if is_short:
            return reason
    missed = np.sqrt(np.mean(np.square(_gap(values, before)[:before])))
    if missed > WORST_FIT * values[0, :before].std():
        return "poor_fit"
    earlier, cut = values[:, :before], before * 2 // 3
    moved = abs(sdid(earlier, cut)) > factor * _spread(earlier, cut)
    return "in_time_placebo_failed" if moved else ""
