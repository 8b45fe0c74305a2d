"""The effect of an event on one unit, or the reason why none can be estimated. Numbers only: no names, days or tables.

The estimate is synthetic difference-in-differences: one unit (the first row of the values) meets the event after
`before` periods, the others, the donors, never do. Source: Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021),
"Synthetic difference-in-differences"; Abadie, Diamond and Hainmueller (2010) for the synthetic control and its
placebos. docs/effects.md explains it, tests/effect/test_estimate.py holds it against published numbers and other
libraries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from etl.errors import MendError

Array = NDArray[np.float64]
LEVEL = 0.05  # at most this share of events without an effect may look as if they had one
# The control must miss the unit before the event by at most half of the unit's own scatter, or by at most half
# more than is usual among donors: where noise is most of the scatter, as in small shops, no control can do better.
WORST_FIT, WORST_MISS = 0.5, 1.5
# Smaller differences are how numbers are rounded: in a series itself, and in what is computed of its spread.
OF_SERIES, OF_SPREAD = 1e-13, 1e-6
# Of the noise: spreads weights that would otherwise not be unique.
LEAST_RIDGE = 1e-6
TOLERANCE = 1e-10


@dataclass(frozen=True)
class Requirements:
    """The periods and donors that an estimate needs; the defaults are for quarters.

    Under `few_before` periods an estimate is exploratory; under `few_donors` donors there is none, but the scatter of
    the placebos is told. Raises MendError for fewer donors or periods than the arithmetic needs.
    """

    fewest_before: int = 8
    few_before: int = 12
    fewest_after: int = 2
    fewest_donors: int = 3
    few_donors: int = 5

    def __post_init__(self) -> None:
        if self.fewest_before < 3 or self.fewest_after < 1 or self.fewest_donors < 3:
            raise MendError("an estimate needs 3 periods before the event, 1 after it and 3 donors at the least")


@dataclass(frozen=True)
class Effect:
    """An estimate in the unit of the values, or the reason in `status` why there is none.

    `status` is ok, exploratory (few periods before), or a reason. `donors` counts a series that repeats once.

    `low` and `high` are the interval from the scatter of the placebos, which are the estimates for each donor as if it
    had met the event; `share_of_placebos` is how many of unit and placebos show an effect at least as large as the
    unit's. `is_seen`: the interval leaves out 0 and this share is no larger than chance allows. With fewer than 19
    donors it cannot fall to 5 %, so that none is seen. `smallest` is what an effect has to exceed for both (were
    there 19 donors); None with too few donors for placebos, or where these do not vary.

    `least` and `most` are the estimates when each donor is left out, `demeaned_control` and `difference` those by
    demeaned synthetic control and by difference-in-differences. `in_time` is the estimate for an event at two thirds
    of the periods before, where its interval leaves out 0 if it exceeds `in_time_smallest`. `fit` is the root mean
    square of the gap to the demeaned control before, over the unit's own scatter.

    `donor_weights` are in the order of the donors. `expected` is what they lead to expect in each period: the mean of
    values minus expected after the event is the estimate.
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


@dataclass(frozen=True)
class Fit:
    """An estimate with its weights of the donors and of the periods before the event, both with the sum 1."""

    estimate: float
    of_donors: Array
    of_periods: Array


def measure_effect(values: Array, before: int, needed: Requirements = Requirements(), level: float = LEVEL) -> Effect:
    """The effect on the first row, or why there is none. `values` is units by periods, without gaps.

    An interval covers all but the share `level` of cases. Raises MendError for values with gaps, and when the
    numbers cannot be trusted.
    """
    if values.ndim != 2 or not np.isfinite(values).all():
        raise MendError("the values have gaps: an effect needs every unit in every period")
    first = _first_alike(values)
    kept = sorted({*first} - {0})
    if len(kept) < needed.few_donors < len(values):
        return Effect("no_variation", len(kept), before, values.shape[1] - before)
    effect = _measure(values[[0, *kept]], before, needed, level)
    if effect.estimate is None:
        return effect
    weight_of = dict(zip(kept, effect.donor_weights, strict=True))
    return replace(effect, donor_weights=tuple(weight_of.get(row, 0.0) / first.count(row) for row in first[1:]))


def _first_alike(values: Array) -> list[int]:
    """For each row the first whose series it repeats, but for its level; mostly itself.

    A donor that repeats the unit is the unit. Donors that repeat each other would be perfect controls, and their
    placebos would hide what chance does.
    """
    shape, rounding = values - values.mean(axis=1, keepdims=True), _rounding(values)
    return [
        next(row for row, other in enumerate(shape) if np.abs(one - other).max() <= min(rounding[row], own))
        for one, own in zip(shape, rounding, strict=True)
    ]


def _rounding(values: Array) -> Array:
    """For each row the size of differences that say nothing."""
    size: Array = OF_SERIES * np.abs(values).max(axis=1) + OF_SPREAD * np.ptp(values, axis=1)
    return size


def _measure(values: Array, before: int, needed: Requirements, level: float) -> Effect:
    donors, after, rounding = values.shape[0] - 1, values.shape[1] - before, _rounding(values)
    of_placebos = placebos(values, before) if donors >= needed.fewest_donors and before >= 2 and after >= 1 else []
    has_scatter = max(map(abs, of_placebos), default=0.0) > rounding[1:].max(initial=0)
    smallest = _smallest(of_placebos, level) if has_scatter else None
    refusal = _shortage(needed, donors, before, after)
    if not refusal and not (has_scatter and values[0, :before].std() > rounding[0]):
        refusal = "no_variation"
    if refusal:
        return Effect(refusal, donors, before, after, smallest)
    miss = _miss(values, before)
    fit = miss / float(values[0, :before].std())
    if fit > WORST_FIT and miss > WORST_MISS * float(np.median(_misses_of_donors(values, before))):
        return Effect("poor_fit", donors, before, after, smallest, fit=fit)
    earlier, cut = values[:, :before], before * 2 // 3
    in_time, in_time_smallest = sdid(earlier, cut).estimate, _half_width(placebos(earlier, cut), LEVEL)
    status = "ok" if before >= needed.few_before else "exploratory"
    if abs(in_time) > in_time_smallest + rounding.max():
        status = "in_time_placebo_failed"
    effect = Effect(
        status, donors, before, after, smallest, in_time=in_time, in_time_smallest=in_time_smallest, fit=fit
    )
    return effect if status == "in_time_placebo_failed" else _estimated(effect, values, of_placebos, level)


def _estimated(effect: Effect, values: Array, of_placebos: Sequence[float], level: float) -> Effect:
    """The effect with its estimates: nothing speaks against them."""
    before, noise = effect.before, _noise(values, effect.before)
    found, half_width = sdid(values, before, noise), _half_width(of_placebos, level)
    size = abs(found.estimate)
    share = (1 + sum(abs(placebo) >= size for placebo in of_placebos)) / (1 + len(of_placebos))
    left_out = [sdid(np.delete(values, row, axis=0), before, noise).estimate for row in range(1, len(values))]
    control: Array = found.of_donors @ values[1:]
    expected = control + found.of_periods @ (values[0] - control)[:before]
    return replace(
        effect,
        estimate=found.estimate,
        low=found.estimate - half_width,
        high=found.estimate + half_width,
        least=min(left_out),
        most=max(left_out),
        share_of_placebos=share,
        is_seen=size > half_width and share <= level,
        demeaned_control=demeaned_control(values, before),
        difference=difference(values, before),
        donor_weights=tuple(found.of_donors.tolist()),
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


def _half_width(of_placebos: Sequence[float], level: float) -> float:
    """Half the width of the interval, from the scatter of the placebos."""
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    return float(stdtrit(len(of_placebos) - 1, 1 - level / 2)) * _root_mean_square(of_placebos)


def _smallest(of_placebos: Sequence[float], level: float) -> float:
    """What an effect has to exceed: half its interval, and all placebos but as many as chance may put above it."""
    allowed = max(0, int(level * (1 + len(of_placebos))) - 1)
    return max(_half_width(of_placebos, level), sorted(map(abs, of_placebos), reverse=True)[allowed])


def _root_mean_square(values: Sequence[float] | Array) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def sdid(values: Array, before: int, noise: float | None = None) -> Fit:
    """Synthetic difference-in-differences: the mean after the event, against weighted donors and periods.

    `noise` sets how far the weights are spread; it is that of these donors unless the panel is a part of another.
    """
    unit, donors = values[0], values[1:]
    noise = _noise(values, before) if noise is None else noise
    after = values.shape[1] - before
    of_donors = weights(donors[:, :before].T, unit[:before], after**0.25 * noise)
    of_periods = weights(donors[:, :before], donors[:, before:].mean(axis=1), LEAST_RIDGE * noise)
    gap = unit - of_donors @ donors
    return Fit(float(gap[before:].mean() - of_periods @ gap[:before]), of_donors, of_periods)


def _noise(values: Array, before: int) -> float:
    """The standard deviation of the donors' changes from period to period before the event."""
    return float(np.diff(values[1:, :before], axis=1).std(ddof=1))


def demeaned_control(values: Array, before: int) -> float:
    """Synthetic control of the deviations from each unit's own level before."""
    return float(_gap(values, before)[before:].mean())


def _gap(values: Array, before: int) -> Array:
    """The unit minus its demeaned control, around 0 before the event."""
    apart = values - values[:, :before].mean(axis=1, keepdims=True)
    ridge = LEAST_RIDGE * _noise(values, before)
    gap: Array = apart[0] - weights(apart[1:, :before].T, apart[0, :before], ridge) @ apart[1:]
    return gap


def _miss(values: Array, before: int) -> float:
    """How far the demeaned control misses the unit before the event, as a root mean square."""
    return _root_mean_square(_gap(values, before)[:before])


def _misses_of_donors(values: Array, before: int) -> list[float]:
    """The same for each donor, from the other donors."""
    rows = range(1, len(values))
    return [_miss(values[[row, *(other for other in rows if other != row)]], before) for row in rows]


def difference(values: Array, before: int) -> float:
    """Difference-in-differences against the mean of all donors."""
    change = values[:, before:].mean(axis=1) - values[:, :before].mean(axis=1)
    return float(change[0] - change[1:].mean())


def placebos(values: Array, before: int) -> list[float]:
    """The estimate for each donor as if it had met the event, from the other donors."""
    noise, rows = _noise(values, before), range(1, len(values))
    return [sdid(values[[row, *(other for other in rows if other != row)]], before, noise).estimate for row in rows]


def weights(columns: Array, target: Array, ridge: float, demeaned: bool = True) -> Array:
    """Weights of the columns, none negative and 1 in sum, that come nearest to the target.

    `ridge` spreads them: its square times the number of rows is added for each squared weight. Raises MendError
    unless the result is the best one.
    """
    from scipy.optimize import nnls  # type: ignore[import-untyped]

    if demeaned:
        columns, target = columns - columns.mean(axis=0), target - target.mean()
    rows, width = columns.shape
    apart = np.vstack([columns - target[:, None], np.sqrt(rows) * ridge * np.eye(width)])
    apart /= max(float(np.abs(apart).max()), np.finfo(float).tiny)
    # With weights of the sum 1 the miss is `apart @ weights`, and weights times any number miss in proportion: so the
    # non-negative ones whose sum comes nearest to 1 while they miss least have the proportions of the best.
    try:
        found, _ = nnls(np.vstack([apart, np.ones((1, width))]), np.r_[np.zeros(len(apart)), 1.0], maxiter=50 * width)
    except RuntimeError as error:
        raise MendError(f"the weights of {width} donors or periods are not found: {error}") from error
    best: Array = np.asarray(found / found.sum(), np.float64)
    miss = apart @ best
    slope = apart.T @ miss
    # How far the squared miss could fall at most if weight moved to the best column.
    if float(best @ slope - slope.min()) > TOLERANCE * max(1.0, float(miss @ miss)):
        raise MendError("the weights are not the best ones; the periods or units are too much alike")
    return best
