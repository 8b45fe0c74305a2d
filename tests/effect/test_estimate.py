"""Estimating an effect: the published numbers of Proposition 99, one that was put in, every refusal."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from etl.effect.estimate import (
    Array,
    demeaned_control,
    difference,
    measure_effect,
    placebos,
    sdid,
    weights,
)

PROP99 = Path(__file__).parent.parent / "data" / "prop99.csv"


def california() -> tuple[Array, int]:
    """Packs of cigarettes a head by state and year, California first; the tax came in 1989."""
    with PROP99.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    values = np.array([[float(cell) for cell in row[1:]] for row in rows]).T
    place = header[1:].index("California")
    order = [place, *(row for row in range(len(values)) if row != place)]
    return values[order], [row[0] for row in rows].index("1989")


def synthetic_control(values: Array, before: int) -> float:
    """The plain synthetic control: donors weighted to meet the unit's level, too."""
    found = weights(values[1:, :before].T, values[0, :before], 0.0, demeaned=False)
    return float((values[0] - found @ values[1:])[before:].mean())


def world(seed: int, donors: int = 12, before: int = 20, after: int = 6, effect: float = 0.0) -> Array:
    """Units that follow one common path and a trend of their own, with noise; the first gets the effect."""
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.normal(0.5, 1, before + after))
    load = rng.uniform(0.5, 1.5, (donors + 1, 1))
    load[0] = 1.0
    values = 20 * rng.random((donors + 1, 1)) + load * path + rng.normal(0, 0.3, (donors + 1, before + after))
    values[0, before:] += effect
    return values


def test_published_numbers_of_proposition_99() -> None:
    """Arkhangelsky et al. (2021), table 1: SDID -15.6, DID -27.3, SC -19.6.

    The best weights give -19.51 for the synthetic control; the published ones are another solver's.
    """
    values, before = california()
    assert round(sdid(values, before), 1) == -15.6
    assert round(difference(values, before), 1) == -27.3
    assert synthetic_control(values, before) == pytest.approx(-19.6, abs=0.1)


def test_proposition_99_with_its_interval() -> None:
    values, before = california()
    found = measure_effect(values, before)
    assert found.status == "ok"
    assert found.estimate == pytest.approx(-15.6, abs=0.05)
    assert found.low is not None and found.high is not None and found.smallest is not None
    # The spread of 38 placebos, 9 to 10 packs, times t(37) of 2.03.
    assert 8.0 < found.smallest / 2.026 < 11.0
    assert found.low < found.estimate < found.high
    assert found.least is not None and found.most is not None
    assert found.least <= found.estimate <= found.most
    assert found.demeaned_control == demeaned_control(values, before)


def test_a_simulated_effect_is_recovered() -> None:
    found = measure_effect(world(1, effect=5.0), 20)
    assert found.status == "ok"
    assert found.low is not None and found.high is not None
    assert found.low < 5.0 < found.high
    assert found.low > 0


def test_intervals_contain_zero_where_there_is_no_effect() -> None:
    """Of 40 worlds without an effect hardly any interval leaves out 0."""
    found = [measure_effect(world(seed), 20) for seed in range(40)]
    intervals = [effect for effect in found if effect.low is not None and effect.high is not None]
    assert len(intervals) > 25
    wrong = [effect for effect in intervals if not effect.low <= 0 <= effect.high]  # type: ignore[operator]
    assert len(wrong) <= 4


@pytest.mark.parametrize(
    ("donors", "before", "after", "status"),
    [
        (2, 20, 6, "single_unit_only"),
        (4, 20, 6, "insufficient_donors"),
        (12, 7, 6, "insufficient_pre_period"),
        (12, 20, 1, "insufficient_post"),
        (12, 9, 6, "exploratory"),
    ],
)
def test_too_few_donors_or_periods_are_refused(donors: int, before: int, after: int, status: str) -> None:
    found = measure_effect(world(3, donors, before, after, effect=9.0), before)
    assert found.status == status
    assert (found.estimate is not None) == (status == "exploratory")
    assert (found.smallest is None) == (donors < 3)


def test_a_unit_like_no_other_is_refused() -> None:
    values = world(5)
    values[0] = 10 * (-1.0) ** np.arange(values.shape[1])
    assert measure_effect(values, 20).status == "poor_fit"


def test_a_change_before_the_event_is_refused() -> None:
    """A jump at two thirds of the time before, which the donors do not have: something else happened."""
    values = world(1)
    values[0, 13:] += 6.0
    assert measure_effect(values, 20).status in ("in_time_placebo_failed", "poor_fit")


def test_gaps_are_an_error() -> None:
    values = world(1)
    values[2, 3] = np.nan
    with pytest.raises(ValueError, match="gaps"):
        measure_effect(values, 20)


def test_weights_are_recovered_from_a_mixture() -> None:
    columns = np.random.default_rng(2).normal(size=(30, 4))
    found = weights(columns, columns @ [0.7, 0.3, 0.0, 0.0], 0.0)
    assert found == pytest.approx([0.7, 0.3, 0, 0], abs=1e-6)
    assert len(placebos(world(1), 20)) == 12


def test_values_without_variation_are_refused() -> None:
    """Placebos without scatter cannot tell what chance does, so that any difference would be an effect."""
    constant = np.full((7, 16), 4.0)
    constant[0, 12:] = 4.1
    assert measure_effect(constant, 12).status == "no_variation"
