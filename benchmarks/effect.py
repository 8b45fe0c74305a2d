"""Whether estimates of effects keep their word: `python -m benchmarks.effect`, or one of its parts by name.

`placebos` counts effects that are seen in made worlds without one, `coverage` the intervals that contain an effect that
was put in, `oracle` holds weights, estimates and placebos against diff-diff and plain synthetic controls against its
and pysyncon's, `speed` measures studies against the fits of diff-diff. The worlds are those of tests/support/panels.py
with the seeds 0, 1, 2, ...; nothing was chosen by their results. diff-diff and pysyncon come with `make compare-env`.
Nothing here is a test: a busy machine is no fault.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from etl.effect.estimate import Array, Effect, Fit, measure_effect, placebos, sdid
from tests.support.panels import EVENTS, QUARTERLY, WEEKLY, public_panel, synthetic_control

WORLDS = {
    "quarters, 20 donors": QUARTERLY,
    "quarters, 24 donors": replace(QUARTERLY, donors=24),
    "quarters, 8 donors": replace(QUARTERLY, donors=8),
    "quarters, 20 donors that wander": replace(QUARTERLY, wander=0.02),
    "weeks, 20 donors": WEEKLY,
    "weeks, 20 donors that wander": replace(WEEKLY, wander=0.01),
}
FALSE_SHARE, COVERED, SLOWER = 0.065, (0.85, 0.95), 2.0
LIFT = 0.1  # 10.5 %, put in where coverage is counted


def count_false_effects(worlds: int) -> Iterator[str]:
    """How many worlds without an effect show one."""
    for name, world in WORLDS.items():
        found = [measure_effect(world.values(seed), world.before) for seed in range(worlds)]
        estimated = [effect for effect in found if effect.estimate is not None]
        seen = sum(effect.is_seen for effect in estimated)
        by_interval = sum(not covers(effect, 0.0) for effect in estimated)
        by_share = sum((effect.share_of_placebos or 1.0) <= 0.05 for effect in estimated)
        yield (
            f"{name}: {worlds:,} worlds, {refusals(found)}; effects seen {seen} = {seen / len(estimated):.1%} of the "
            f"estimated, {seen / worlds:.1%} of all  {verdict(seen / len(estimated) <= FALSE_SHARE)} {FALSE_SHARE:.1%}"
        )
        yield (
            f"    by the interval alone {by_interval / len(estimated):.1%}, by the share of placebos alone "
            f"{by_share / len(estimated):.1%} of the estimated"
        )


def count_coverage(worlds: int) -> Iterator[str]:
    """How many 90 % intervals contain the effect that was put in, and how many of these effects are seen at 5 %."""
    for name, world in WORLDS.items():
        values = [world.values(seed, LIFT) for seed in range(worlds)]
        found = [measure_effect(one, world.before, level=0.1) for one in values]
        estimated = [effect for effect in found if effect.estimate is not None]
        covered = sum(covers(effect, LIFT) for effect in estimated)
        seen = sum(measure_effect(one, world.before).is_seen for one in values)
        share = covered / len(estimated)
        yield (
            f"{name}: {worlds:,} worlds, {refusals(found)}; 90 % intervals with the effect {share:.1%} of the "
            f"estimated, {covered / worlds:.1%} of all  {verdict(COVERED[0] <= share <= COVERED[1])} "
            f"{COVERED[0]:.0%} to {COVERED[1]:.0%}; an effect of {LIFT:g} is seen in {seen / worlds:.0%}"
        )


def covers(effect: Effect, value: float) -> bool:
    """Whether the interval contains the value."""
    return effect.low is not None and effect.high is not None and effect.low <= value <= effect.high


def refusals(found: Sequence[Effect]) -> str:
    """How many have no estimate, and why."""
    reasons = Counter(effect.status for effect in found if effect.estimate is None)
    told = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
    return f"{reasons.total()} refused ({told})" if reasons else "none refused"


def verdict(is_reached: bool) -> str:
    """The word before a goal."""
    return "within the goal of" if is_reached else "BEYOND the goal of"


def compare(_: int) -> Iterator[str]:
    """Estimates, weights and placebos against diff-diff, plain synthetic controls against diff-diff and pysyncon."""
    yield f"diff-diff {version('diff-diff')}, pysyncon {version('pysyncon')}"
    panels = {name: public_panel(name)[2:] for name in EVENTS}
    for seed in range(3):
        panels |= {f"quarters {seed}": (QUARTERLY.values(seed), QUARTERLY.before)}
        panels |= {f"weeks {seed}": (WEEKLY.values(seed), WEEKLY.before)}
    for name, (values, before) in panels.items():
        yield from compare_sdid(name, values, before)
    for name in EVENTS:
        yield from compare_control(name, *public_panel(name)[2:])


def compare_sdid(name: str, values: Array, before: int) -> Iterator[str]:
    """Our synthetic difference-in-differences beside that of diff-diff."""
    own, own_placebos = sdid(values, before), np.array(placebos(values, before))
    theirs = fit_of_diff_diff(values, before, 200)
    of_donors = np.array([theirs.unit_weights.get(unit, 0.0) for unit in range(1, len(values))])
    of_periods = np.array([theirs.time_weights.get(period, 0.0) for period in range(before)])
    # Its own placebos are donors drawn by chance; here each is fitted once, with the spread of weights of the whole.
    spread = {"zeta_omega": theirs.zeta_omega, "zeta_lambda": theirs.zeta_lambda}
    rows = range(1, len(values))
    panels = (values[[row, *(other for other in rows if other != row)]] for row in rows)
    their_placebos = np.array([fit_of_diff_diff(panel, before, 2, **spread).att for panel in panels])
    yield (
        f"{name}: estimate {own.estimate:.6g} and {theirs.att:.6g}; weights differ by at most "
        f"{np.abs(own.of_donors - of_donors).max():.4f} of a donor, {np.abs(own.of_periods - of_periods).max():.4f} of "
        f"a period; misses of the unit {miss(own, values, before):.9g} and "
        f"{miss(Fit(theirs.att, of_donors, of_periods), values, before):.9g}"
    )
    yield (
        f"    standard error from {len(own_placebos)} placebos {own_placebos.std():.5g} and {their_placebos.std():.5g} "
        f"(they differ by at most {np.abs(own_placebos - their_placebos).max():.2g}), from 200 draws {theirs.se:.5g}"
    )


def miss(fit: Fit, values: Array, before: int) -> float:
    """What the weights of the donors make least: the squared miss before, with the ridge."""
    donors, after = values[1:, :before], values.shape[1] - before
    ridge = after**0.25 * np.diff(donors, axis=1).std(ddof=1)
    gap = values[0, :before] - fit.of_donors @ donors
    return float(np.mean((gap - gap.mean()) ** 2) + ridge**2 * np.sum(fit.of_donors**2))


def compare_control(name: str, values: Array, before: int) -> Iterator[str]:
    """The plain synthetic control beside those of diff-diff and pysyncon."""
    estimate, found = synthetic_control(values, before)
    pandas, diff_diff, pysyncon = (import_module(module) for module in ("pandas", "diff_diff", "pysyncon"))
    long = frame(values, before)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = diff_diff.SyntheticControl(v_method="custom", custom_v=np.ones(before), standardize="none")
        theirs = model.fit(long, "y", "after", "unit", "period", pre_period_outcomes="all")
    before_all = pandas.DataFrame(values[:, :before].T)
    donors, unit = before_all.iloc[:, 1:], before_all.iloc[:, 0]
    other = pysyncon.Synth()  # divides each period by its scatter, which these weights of the periods take back
    other.fit(X0=donors, X1=unit, Z0=donors, Z1=unit, custom_V=before_all.var(axis=1).to_numpy())
    squares = {
        who: float(np.sum((values[0] - weights @ values[1:])[:before] ** 2))
        for who, weights in (
            ("ours", found),
            ("diff-diff", np.array([theirs.donor_weights.get(row, 0.0) for row in range(1, len(values))])),
            ("pysyncon", np.asarray(other.W)),
        )
    }
    told = ", ".join(f"{who} {square:.8g}" for who, square in squares.items())
    yield (
        f"{name}: synthetic control {estimate:.7g}, diff-diff {theirs.att:.7g}; squared misses {told}; the weights of "
        f"pysyncon sum to {np.sum(other.W):.4f}"
    )


def frame(values: Array, before: int) -> Any:
    """The panel as diff-diff reads it: a row for each unit and period."""
    units, periods = values.shape
    unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    treated = (unit == 0).astype(int)
    columns = {"unit": unit, "period": period, "y": values.ravel(), "treated": treated}
    return import_module("pandas").DataFrame({**columns, "after": treated * (period >= before)})


def fit_of_diff_diff(values: Array, before: int, draws: int, **options: float) -> Any:
    """The results of its synthetic difference-in-differences."""
    model = import_module("diff_diff").SyntheticDiD(variance_method="placebo", n_bootstrap=draws, seed=1, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(
            frame(values, before),
            outcome="y",
            treatment="treated",
            unit="unit",
            time="period",
            post_periods=list(range(before, values.shape[1])),
        )


def compare_speed(studies: int) -> Iterator[str]:
    """Studies with all placebos and each donor left out, and fits of diff-diff with 200 draws of placebos, in turn."""
    world = replace(WEEKLY, donors=19)
    spent = {"studies": 0.0, "diff-diff": 0.0}
    refused = 0
    for seed in range(studies):
        values = world.values(seed)
        start = time.perf_counter()
        refused += measure_effect(values, world.before).estimate is None
        middle = time.perf_counter()
        fit_of_diff_diff(values, world.before, 200)
        spent["studies"] += middle - start
        spent["diff-diff"] += time.perf_counter() - middle
    ratio = spent["studies"] / spent["diff-diff"]
    yield (
        f"{studies} studies of 20 units and 150 weeks {spent['studies']:.1f} s ({refused} refused), diff-diff "
        f"{spent['diff-diff']:.1f} s; ratio {ratio:.2f}  {verdict(ratio <= SLOWER)} {SLOWER:g}; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


PARTS: dict[str, tuple[Callable[[int], Iterator[str]], int]] = {
    "placebos": (count_false_effects, 1000),
    "coverage": (count_coverage, 500),
    "oracle": (compare, 0),
    "speed": (compare_speed, 200),
}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all parts if none is named")
    parser.add_argument("--number", type=int, help="of worlds or studies")
    given = parser.parse_args()
    for part in given.parts or PARTS:
        run, number = PARTS[part]
        print(f"{part}:", flush=True)
        try:
            for line in run(given.number or number):
                print(f"  {line}", flush=True)
        except ModuleNotFoundError as error:
            print(f"  left out, {error.name} is missing: make compare-env", flush=True)


if __name__ == "__main__":
    main()
