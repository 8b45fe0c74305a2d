"""What an event did to one unit among several: synthetic difference-in-differences, with reasons to refuse.

One unit (the first row of the values) meets the event after `before` periods, the others, the donors, never
do. Source: Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), "Synthetic difference-in-differences";
Abadie, Diamond and Hainmueller (2010) for the synthetic control. tests/ask/test_estimate.py gives back the
published numbers of Proposition 99.

Public figures by quarter around a deal: of its partners, and of the platforms that are no partners.

Read from a published snapshot. A figure of twelve months stands under its last quarter.

What a partnership did to a public figure of its partners, or why nobody can tell: `make effect DEAL=...`.

Reads the published snapshot. For each partner with figures and each quarterly figure of it, the quarters
before and after the day on which the deal went live (else was announced) stand against those of platforms
that are no partners; a period that holds the day is left out. A platform that began or ended a deal of its
own in these quarters is no donor. Logarithms are compared, so an effect is a percentage. Mostly the answer
is a reason: saying so is the point.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls  # type: ignore[import-untyped]
from scipy.stats import t as student  # type: ignore[import-untyped]

from etl.errors import MendError
from etl.warehouse import Connection

Array = NDArray[np.float64]
CONFIDENCE = 0.95
FEWEST_DONORS, FEW_DONORS = 3, 5
FEWEST_BEFORE, FEW_BEFORE, FEWEST_AFTER = 8, 12, 2
# A control that misses the unit by more than half of the unit's own scatter before the event fits nothing.
WORST_FIT = 0.5


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

    Raises MendError when the numbers cannot be trusted, ValueError for values with gaps.
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
    squares with a heavy row for the sum; raises MendError unless the result is optimal.
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
        raise MendError("the weights are not the best ones; the periods or units are too much alike")
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


# Quarters that a figure covers, by its period.
WIDTHS = {"quarter": 1, "ttm": 4}
# A quarter by its number, year x 4 + quarter - 1, and the logarithm of its figure.
Series = Mapping[int, float]


@dataclass(frozen=True)
class Market:
    """One metric of all platforms: its series, and the quarters of their other deals and of its breaks.

    `width` is how many quarters a figure covers.
    """

    metric: str
    width: int
    series: Mapping[str, Series]
    events: Mapping[str, Sequence[int]]
    breaks: Mapping[str, Sequence[int]]

    def donors(self, partners: Sequence[str], quarters: Sequence[int]) -> tuple[str, ...]:
        """The platforms that are no partners and have all the quarters, in one meaning."""
        inside = range(quarters[0] + 1, quarters[-1] + 1)
        return tuple(
            name
            for name, found in sorted(self.series.items())
            if name not in partners
            and all(quarter in found for quarter in quarters)
            and not any(quarter in inside for quarter in self.breaks.get(name, ()))
        )

    def clean(self, donors: Sequence[str], first: int, last: int) -> tuple[str, ...]:
        """Those of the donors that had no deal of their own from quarter to quarter."""
        during = range(first, last + 1)
        return tuple(d for d in donors if not any(quarter in during for quarter in self.events.get(d, ())))


def number(day: date) -> int:
    """The number of the quarter that holds the day."""
    return day.year * 4 + (day.month - 1) // 3


def day_and_partners(con: Connection, deal: str) -> tuple[date, tuple[str, ...]]:
    """The day on which the deal went live, else was announced, and the platforms that count its partners.

    Raises MendError for an unknown deal, or one whose day is not known.
    """
    row = con.execute(
        "select coalesce(p.effective_on, p.announced_on), p.traffic_platform, p.supply_platform "
        "from core.partnership as p where p.partnership_id = ?",
        [deal],
    ).fetchone()
    if row is None:
        raise MendError(f"no deal is called {deal!r}: core.partnership lists them, as kuaishou-jd-2020-direct-supply")
    if row[0] is None:
        raise MendError(f"{deal}: nobody knows the day on which it began, so nothing is before or after")
    return row[0], tuple(dict.fromkeys(name for name in row[1:] if name))


def markets(con: Connection, deal: str) -> Iterator[Market]:
    """Each metric that somebody prints by quarter, or of twelve months, for the whole company."""
    events = _events(con, deal)
    rows = con.execute(
        "select distinct o.metric, o.period_type from core.observation_latest as o "
        "where o.period_type in ('quarter', 'ttm') and o.scope = '' order by all"
    ).fetchall()
    for metric, period_type in rows:
        series = _series(con, metric, period_type)
        yield Market(metric, WIDTHS[period_type], series, events, _breaks(con, metric))


def _series(con: Connection, metric: str, period_type: str) -> dict[str, dict[int, float]]:
    """By platform, the exact positive figures of the whole company, in the unit that has most of them."""
    rows = con.execute(
        """
        select o.platform, o.unit, o.period_end, o.value::double
        from core.observation_latest as o
        where o.metric = ? and o.period_type = ? and o.scope = '' and o.qualifier = 'exact'
            and o.value > 0
        order by o.platform, o.unit, o.period_end
        """,
        [metric, period_type],
    ).fetchall()
    by_unit: dict[tuple[str, str], dict[int, float]] = {}
    for platform, unit, period_end, value in rows:
        by_unit.setdefault((platform, unit), {})[number(period_end)] = math.log(value)
    found: dict[str, dict[int, float]] = {}
    for (platform, _), series in by_unit.items():
        if len(series) > len(found.get(platform, {})):
            found[platform] = series
    return found


def _events(con: Connection, deal: str) -> dict[str, list[int]]:
    """By platform, the quarters in which one of its other deals was announced, began or ended."""
    rows = con.execute(
        """
        select distinct x.platform, e.event_on
        from core.partnership as p
        cross join lateral (values (p.traffic_platform), (p.supply_platform)) as x(platform)
        cross join lateral (values (p.announced_on), (p.effective_on), (p.ended_on)) as e(event_on)
        where p.partnership_id <> ? and x.platform is not null and e.event_on is not null
        """,
        [deal],
    ).fetchall()
    return _by_platform(rows)


def _breaks(con: Connection, metric: str) -> dict[str, list[int]]:
    rows = con.execute(
        "select b.platform, b.from_period_end from core.definition_break as b where b.metric = ? and b.scope = ''",
        [metric],
    ).fetchall()
    return _by_platform(rows)


def _by_platform(rows: Sequence[tuple[str, date]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for platform, day in rows:
        found.setdefault(platform, []).append(number(day))
    return found


MOST_BEFORE, MOST_AFTER = 20, 8
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
class Answer:
    """The effect on one figure of one partner, with the platforms it stands against."""

    platform: str
    metric: str
    donors: tuple[str, ...]
    effect: Effect


def answers(con: Connection, deal: str) -> Iterator[Answer]:
    """One answer for each partner with figures and each quarterly metric.

    Raises MendError for an unknown deal, or one whose day is not known.
    """
    event_on, partners = day_and_partners(con, deal)
    for market in markets(con, deal):
        for platform in partners:
            if platform in market.series:
                yield answer(market, platform, partners, event_on)


def answer(market: Market, platform: str, partners: Sequence[str], event_on: date) -> Answer:
    """The effect of a deal, live from `event_on`, on one of its partners."""
    own = market.series[platform]
    quarter, is_first_day = number(event_on), event_on.day == 1 and event_on.month % 3 == 1
    after = _run(own, quarter + market.width - is_first_day, 1)[:MOST_AFTER]
    before = _run(own, quarter - 1, -1)[:MOST_BEFORE]
    if not before or not after:
        status = "insufficient_post" if before else "insufficient_pre_period"
        return Answer(platform, market.metric, (), Effect(status, 0, len(before), len(after)))

    def clean(quarters: Sequence[int]) -> tuple[str, ...]:
        return market.clean(market.donors(partners, quarters), quarter, after[-1])

    lengths = range(len(before), min(FEWEST_BEFORE, len(before)) - 1, -1)
    windows = [[*reversed(before[:length]), *after] for length in lengths]
    # The longest time before that leaves enough donors, else the one that leaves most.
    enough = (window for window in windows if len(clean(window)) >= FEW_DONORS)
    quarters = next(enough, None) or max(windows, key=lambda window: len(clean(window)))
    donors = clean(quarters)
    values = np.array([[market.series[name][q] for q in quarters] for name in (platform, *donors)])
    effect = measure_effect(values, len(quarters) - len(after))
    if any(quarters[0] < q <= quarters[-1] for q in market.breaks.get(platform, ())):
        effect = Effect("definition_break", len(donors), effect.before, effect.after)
    elif len(donors) < FEW_DONORS <= len(market.donors(partners, quarters)):
        effect = replace(effect, status="contaminated_donors")
    return Answer(platform, market.metric, donors, effect)


def told(found: Answer) -> Iterator[str]:
    """The lines that say what was found."""
    effect = found.effect
    counted = f"{effect.donors} donors, {effect.before} quarters before, {effect.after} after"
    if effect.is_estimate:
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
        yield f"  the smallest effect that could have been seen: {percent(effect.smallest)}"


def percent(logarithm: float | None) -> str:
    """A difference of logarithms as a percentage."""
    return "–" if logarithm is None else f"{100 * math.expm1(logarithm):+.1f} %"


def _run(own: Series, start: int, step: int) -> list[int]:
    """Quarters from `start` on, in one direction, as long as there is a figure."""
    found: list[int] = []
    while start in own:
        found.append(start)
        start += step
    return found
