"""The effect of a partnership on a public figure of its partners, or why none can be estimated: `make effect DEAL=...`.

Reads the published snapshot. For each partner with figures and each quarterly figure, the quarters before and after
the day on which the deal went live (else was announced) are compared with those of platforms that are no partners;
a period that contains the day is left out, and a figure of twelve months counts for its last quarter. A platform
that began or ended another deal in these quarters is no donor. Logarithms are compared, so an effect is a
percentage. Mostly the answer is a reason.

The estimate is synthetic difference-in-differences: one unit (the first row of the values) meets the event after
`before` periods, the others, the donors, never do. Source: Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021),
"Synthetic difference-in-differences"; Abadie, Diamond and Hainmueller (2010) for the synthetic control.
tests/ask/test_estimate.py reproduces the published numbers of Proposition 99.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count, groupby, takewhile

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls  # type: ignore[import-untyped]
from scipy.stats import t as student  # type: ignore[import-untyped]

from etl.ask.explain import near_names
from etl.errors import MendError
from etl.warehouse import Connection, prepared

Array = NDArray[np.float64]
Series = Mapping[int, float]  # by quarter number, the logarithm of the figure
CONFIDENCE = 0.95
FEWEST_DONORS, FEW_DONORS = 3, 5
FEWEST_BEFORE, FEW_BEFORE, MOST_BEFORE = 8, 12, 20
FEWEST_AFTER, MOST_AFTER = 2, 8
# The control must miss the unit before the event by at most half of the unit's own scatter.
WORST_FIT = 0.5
WIDTHS = {"quarter": 1, "ttm": 4}  # quarters that a figure covers, by its period
REASONS = {
    "definition_break": "what the figure counts changed within these quarters",
    "contaminated_donors": f"fewer than {FEW_DONORS} are left that had no deal of their own then",
    "single_unit_only": "fewer than 3 other platforms have these quarters",
    "insufficient_donors": f"fewer than {FEW_DONORS} other platforms have these quarters",
    "insufficient_pre_period": f"fewer than {FEWEST_BEFORE} quarters without a gap before",
    "insufficient_post": "fewer than 2 quarters without a gap after",
    "poor_fit": "the others do not follow the platform before the day",
    "in_time_placebo_failed": "a day before it shows an effect too",
}


@dataclass(frozen=True)
class Effect:
    """An estimate in the unit of the values, or the reason in `status` why there is none.

    `status` is ok, exploratory (8 to 11 periods before), or a reason. `smallest` is the smallest effect whose
    interval leaves out 0; None with fewer than 3 donors. `low` and `high` are the 95 % interval from the placebos,
    `least` and `most` the estimates when each donor is left out.
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


@dataclass(frozen=True)
class Market:
    """One metric of all platforms: its series, and by platform the quarters of other deals and of definition breaks.

    `width` is how many quarters a figure covers.
    """

    metric: str
    width: int
    series: Mapping[str, Series]
    events: Mapping[str, Sequence[int]]
    breaks: Mapping[str, Sequence[int]]

    def donors(self, partners: Sequence[str], quarters: Sequence[int]) -> tuple[str, ...]:
        """The platforms that are no partners and have all the quarters, without a definition break between them."""
        return tuple(
            name
            for name, found in sorted(self.series.items())
            if name not in partners
            and all(quarter in found for quarter in quarters)
            and not any(quarters[0] < quarter <= quarters[-1] for quarter in self.breaks.get(name, ()))
        )

    def without_deals(self, donors: Sequence[str], first: int, last: int) -> tuple[str, ...]:
        """Those of the donors that had no other deal from quarter `first` to quarter `last`."""
        return tuple(d for d in donors if not any(first <= quarter <= last for quarter in self.events.get(d, ())))


@dataclass(frozen=True)
class Answer:
    """The effect on one figure of one partner, with the platforms that it is compared with."""

    platform: str
    metric: str
    donors: tuple[str, ...]
    effect: Effect


def answers(con: Connection, deal: str) -> Iterator[Answer]:
    """One answer for each partner with figures and each quarterly metric.

    Raises MendError for an unknown deal, or one whose day is not known.
    """
    row = con.execute(prepared("effect_deal"), {"deal": deal}).fetchone()
    if row is None:
        known = [name for (name,) in con.execute("select p.partnership_id from core.partnership as p").fetchall()]
        of_both = [name for name in known if {*deal.split("-")} <= {*name.split("-")}]  # in whatever order
        hint = near_names(deal, of_both or known, "" if of_both else "-") or "core.partnership lists them"
        raise MendError(f"no deal is called {deal!r}; {hint}")
    event_on, *platforms = row
    if event_on is None:
        raise MendError(f"{deal}: the day on which it began is not known, so there is no before and after")
    partners = tuple(dict.fromkeys(filter(None, platforms)))
    events = dict(con.execute(prepared("effect_events"), {"deal": deal}).fetchall())
    found = con.execute(prepared("effect_series")).fetchall()
    for (metric, period_type), rows in groupby(found, key=lambda row: row[:2]):
        series = {platform: logarithms for _, _, platform, logarithms in rows}
        breaks = dict(con.execute(prepared("effect_breaks"), {"metric": metric}).fetchall())
        market = Market(metric, WIDTHS[period_type], series, events, breaks)
        for platform in partners:
            if platform in series:
                yield answer(market, platform, partners, event_on)


def answer(market: Market, platform: str, partners: Sequence[str], event_on: date) -> Answer:
    """The effect of a deal, live from `event_on`, on one of its partners."""
    own = market.series[platform]
    quarter, is_first_day = quarter_number(event_on), event_on.day == 1 and event_on.month % 3 == 1
    # Without a gap: as long as there is a figure.
    after = [*takewhile(own.__contains__, count(quarter + market.width - is_first_day))][:MOST_AFTER]
    before = [*takewhile(own.__contains__, count(quarter - 1, -1))][:MOST_BEFORE]
    if not before or not after:
        status = "insufficient_post" if before else "insufficient_pre_period"
        return Answer(platform, market.metric, (), Effect(status, 0, len(before), len(after)))

    def donors_of(quarters: Sequence[int]) -> tuple[str, ...]:
        return market.without_deals(market.donors(partners, quarters), quarter, after[-1])

    lengths = range(len(before), min(FEWEST_BEFORE, len(before)) - 1, -1)
    windows = [[*reversed(before[:length]), *after] for length in lengths]
    # The longest time before that leaves enough donors, else the one that leaves most.
    enough = (window for window in windows if len(donors_of(window)) >= FEW_DONORS)
    quarters = next(enough, None) or max(windows, key=lambda window: len(donors_of(window)))
    donors = donors_of(quarters)
    values = np.array([[market.series[name][q] for q in quarters] for name in (platform, *donors)])
    effect = measure_effect(values, len(quarters) - len(after))
    if any(quarters[0] < q <= quarters[-1] for q in market.breaks.get(platform, ())):
        effect = Effect("definition_break", len(donors), effect.before, effect.after)
    elif len(donors) < FEW_DONORS <= len(market.donors(partners, quarters)):
        effect = replace(effect, status="contaminated_donors")
    return Answer(platform, market.metric, donors, effect)


def quarter_number(day: date) -> int:
    """The number of the quarter that contains the day: year x 4 + quarter - 1."""
    return day.year * 4 + (day.month - 1) // 3


def lines_of(found: Answer) -> Iterator[str]:
    """The lines of an answer in a terminal."""
    effect = found.effect
    counted = f"{effect.donors} donors, {effect.before} quarters before, {effect.after} after"
    if effect.estimate is not None:
        yield (
            f"{found.platform} {found.metric}: {percent(effect.estimate)} [{percent(effect.low)}, "
            f"{percent(effect.high)}], {effect.status}; {counted}"
        )
        yield f"  without one donor each: {percent(effect.least)} to {percent(effect.most)}"
        yield f"  demeaned control {percent(effect.demeaned_control)}"
        yield f"  difference in differences {percent(effect.difference)}"
        yield f"  as large among placebos: {effect.share_of_placebos:.0%}; donors: {', '.join(found.donors)}"
    else:
        reason = REASONS[effect.status]
        yield f"{found.platform} {found.metric}: no number, {effect.status}: {reason}; {counted}"
    if effect.smallest is not None:
        yield f"  the smallest effect that could have been detected: {percent(effect.smallest)}"


def percent(logarithm: float | None) -> str:
    """A difference of logarithms as a percentage."""
    return "–" if logarithm is None else f"{100 * math.expm1(logarithm):+.1f} %"


def measure_effect(values: Array, before: int) -> Effect:
    """The effect on the first row, or why there is none. `values` is units by periods, without gaps.

    Raises MendError when the numbers cannot be trusted, ValueError for values with gaps.
    """
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError("the values have gaps: an effect needs every unit in every period")
    donors, after = values.shape[0] - 1, values.shape[1] - before
    is_enough = donors >= FEWEST_DONORS and before >= 2 and after >= 1
    of_placebos = placebos(values, before) if is_enough else []
    smallest = _detectable(of_placebos) if is_enough else None
    status = _refusal(values, before, donors, after)
    if status or smallest is None:
        return Effect(status, donors, before, after, smallest)
    found = sdid(values, before)
    left_out = [sdid(np.delete(values, row, axis=0), before) for row in range(1, donors + 1)]
    return Effect(
        status="ok" if before >= FEW_BEFORE else "exploratory",
        donors=donors,
        before=before,
        after=after,
        smallest=smallest,
        estimate=found,
        low=found - smallest,
        high=found + smallest,
        least=min(left_out),
        most=max(left_out),
        share_of_placebos=(1 + sum(abs(placebo) >= abs(found) for placebo in of_placebos)) / (1 + donors),
        demeaned_control=demeaned_control(values, before),
        difference=difference(values, before),
    )


def _refusal(values: Array, before: int, donors: int, after: int) -> str:
    """The first reason not to give a number; empty where there is none."""
    if donors < FEWEST_DONORS:
        return "single_unit_only"
    if donors < FEW_DONORS:
        return "insufficient_donors"
    if before < FEWEST_BEFORE:
        return "insufficient_pre_period"
    if after < FEWEST_AFTER:
        return "insufficient_post"
    if _root_mean_square(_gap(values, before)[:before]) > WORST_FIT * values[0, :before].std():
        return "poor_fit"
    earlier, cut = values[:, :before], before * 2 // 3
    has_moved = abs(sdid(earlier, cut)) > _detectable(placebos(earlier, cut))
    return "in_time_placebo_failed" if has_moved else ""


def _detectable(of_placebos: Sequence[float]) -> float:
    """Half the width of the interval, from the scatter of the placebos: the smallest effect that excludes 0."""
    return float(student.ppf((1 + CONFIDENCE) / 2, len(of_placebos) - 1)) * _root_mean_square(of_placebos)


def _root_mean_square(values: Sequence[float] | Array) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


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
