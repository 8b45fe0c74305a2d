"""The effect of an event on one unit, or the reason why none can be estimated. Numbers only: no names, days or tables.

The estimate is synthetic difference-in-differences: one unit (the first row of the values) meets the event after
`before` periods, the others, the donors, never do. Source: Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021),
"Synthetic difference-in-differences"; Abadie, Diamond and Hainmueller (2010) for the synthetic control.
tests/effect/test_estimate.py reproduces the published numbers of Proposition 99.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls  # type: ignore[import-untyped]
from scipy.stats import t as student  # type: ignore[import-untyped]

from etl.errors import MendError

Array = NDArray[np.float64]
CONFIDENCE = 0.95
# The control must miss the unit before the event by at most half of the unit's own scatter.
WORST_FIT = 0.5
# Scatter below this share of the largest value is how the values were rounded, not how they vary.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Requirements:
    """The periods and donors that an estimate needs; the defaults are for quarters.

    Under `few_before` periods an estimate is exploratory, under `few_donors` donors it is refused although the
    scatter of the placebos is told.
    """

    fewest_before: int = 8
    few_before: int = 12
    fewest_after: int = 2
    fewest_donors: int = 3
    few_donors: int = 5


@dataclass(frozen=True)
class Effect:
    """An estimate in the unit of the values, or the reason in `status` why there is none.

    `status` is ok, exploratory (few periods before), or a reason. `smallest` is the smallest effect whose interval
    leaves out 0; None with too few donors for placebos. `low` and `high` are the interval from the placebos, `least`
    and `most` the estimates when each donor is left out. `share_of_placebos` is how many of unit and placebos show an
    effect at least as large. `is_seen`: the interval leaves out 0, and this share is no larger than chance allows; with
    fewer than 19 donors it always is. `in_time` is the estimate for an event at two thirds of the periods before, and
    `in_time_smallest` what it would have had to exceed. `fit` is the root mean square of the gap to the demeaned
    control before, over the unit's own scatter. `expected` is what the weighted donors lead to expect in each period:
    the mean of values minus expected after the event is the estimate.
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
    is_seen: bool = False
    in_time: float | None = None
    in_time_smallest: float | None = None
    demeaned_control: float | None = None
    difference: float | None = None
    fit: float | None = None
    donor_weights: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()


def measure_effect(values: Array, before: int, needed: Requirements = Requirements()) -> Effect:
    """The effect on the first row, or why there is none. `values` is units by periods, without gaps.

    Raises MendError when the numbers cannot be trusted, ValueError for values with gaps.
    """
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError("the values have gaps: an effect needs every unit in every period")
    donors, after = values.shape[0] - 1, values.shape[1] - before
    is_enough = donors >= needed.fewest_donors and before >= 2 and after >= 1
    of_placebos = placebos(values, before) if is_enough else []
    smallest = _detectable(of_placebos) if is_enough else None
    reason = _shortage(needed, donors, before, after)
    if reason or smallest is None:
        return Effect(reason, donors, before, after, smallest)
    rounding = ROUNDING * float(np.abs(values).max())
    if smallest <= rounding or float(values[0, :before].std()) <= rounding:
        return Effect("no_variation", donors, before, after)
    found, of_units, expected = _fit(values, before)
    gap = _gap(values, before)
    in_time, in_time_smallest, fit = None, None, _root_mean_square(gap[:before]) / float(values[0, :before].std())
    if fit > WORST_FIT:
        reason = "poor_fit"
    else:
        earlier, cut = values[:, :before], before * 2 // 3
        in_time, in_time_smallest = sdid(earlier, cut), _detectable(placebos(earlier, cut))
        if abs(in_time) > in_time_smallest:
            reason = "in_time_placebo_failed"
    if reason:
        return Effect(
            reason, donors, before, after, smallest, in_time=in_time, in_time_smallest=in_time_smallest, fit=fit
        )
    left_out = [sdid(np.delete(values, row, axis=0), before) for row in range(1, donors + 1)]
    share = (1 + sum(abs(placebo) >= abs(found) for placebo in of_placebos)) / (1 + donors)
    return Effect(
        status="ok" if before >= needed.few_before else "exploratory",
        donors=donors,
        before=before,
        after=after,
        smallest=smallest,
        estimate=found,
        low=found - smallest,
        high=found + smallest,
        least=min(left_out),
        most=max(left_out),
        share_of_placebos=share,
        is_seen=abs(found) > smallest and share <= 1 - CONFIDENCE + 1e-9,
        in_time=in_time,
        in_time_smallest=in_time_smallest,
        demeaned_control=float(gap[before:].mean()),
        difference=difference(values, before),
        fit=fit,
        donor_weights=tuple(of_units.tolist()),
        expected=tuple(expected.tolist()),
    )


def _shortage(needed: Requirements, donors: int, before: int, after: int) -> str:
    """Which donors or periods are missing; empty where there are enough."""
    if donors < needed.fewest_donors:
        return "single_unit_only"
    if donors < needed.few_donors:
        return "insufficient_donors"
    if before < needed.fewest_before:
        return "insufficient_pre_period"
    return "insufficient_post" if after < needed.fewest_after else ""


def _detectable(of_placebos: Sequence[float]) -> float:
    """Half the width of the interval, from the scatter of the placebos: the smallest effect that excludes 0."""
    return float(student.ppf((1 + CONFIDENCE) / 2, len(of_placebos) - 1)) * _root_mean_square(of_placebos)


def _root_mean_square(values: Sequence[float] | Array) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def sdid(values: Array, before: int) -> float:
    """Synthetic difference-in-differences: the mean after the event, against weighted donors and periods."""
    return _fit(values, before)[0]


def _fit(values: Array, before: int) -> tuple[float, Array, Array]:
    """The estimate, the weights of the donors, and what they lead to expect of the unit in each period."""
    unit, donors = values[0], values[1:]
    after = values.shape[1] - before
    noise = float(np.diff(donors[:, :before], axis=1).std(ddof=1))
    of_units = weights(donors[:, :before].T, unit[:before], after**0.25 * noise)
    of_periods = weights(donors[:, :before], donors[:, before:].mean(axis=1), 1e-6 * noise)
    control: Array = of_units @ donors
    expected: Array = control + of_periods @ (unit - control)[:before]
    return float((unit - expected)[before:].mean()), of_units, expected


def demeaned_control(values: Array, before: int) -> float:
    """Synthetic control of the deviations from each unit's own level before."""
    return float(_gap(values, before)[before:].mean())


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

    `ridge` spreads them: its square times the number of rows is added for each squared weight. Solved by
    non-negative least squares with a heavy row for the sum; raises MendError unless the result is optimal.
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
    # At the best weights no shift between two columns improves the fit: the columns in use have the least slope.
    if float((slope[found > 1e-6] - slope.min()).max()) > 1e-4 * max(1.0, float(np.abs(slope).max())):
        raise MendError("the weights are not the best ones; the periods or units are too much alike")
    return found


def _gap(values: Array, before: int) -> Array:
    """The unit minus its demeaned control, around 0 before the event."""
    level = values[:, :before].mean(axis=1, keepdims=True)
    apart = values - level
    gap: Array = apart[0] - weights(apart[1:, :before].T, apart[0, :before], 0.0) @ apart[1:]
    return gap
