"""Estimating an effect: published numbers, other libraries' numbers, effects that were put in, and every refusal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.effect.estimate import (
    Array,
    Effect,
    Requirements,
    demeaned_control,
    difference,
    measure_effect,
    placebos,
    sdid,
    weights,
)
from etl.errors import MendError
from tests.support.panels import EVENTS, QUARTERLY, WEEKLY, public_panel, synthetic_control

BEFORE = QUARTERLY.before
# diff-diff 3.13.0, SyntheticDiD: the estimate, the scatter of its placebos with each donor fitted once, the largest
# weights of donors (by row) and periods. Its solver stops early: benchmarks/effect.py shows that ours misses less.
DIFF_DIFF: dict[str, tuple[float, float, dict[int, float], dict[int, float]]] = {
    "prop99": (-15.6038, 9.37092, {20: 0.1245, 21: 0.105, 4: 0.0783}, {18: 0.4271, 16: 0.3665, 17: 0.2065}),
    "basque": (-0.793435, 0.319888, {4: 0.1743, 9: 0.1503, 13: 0.1344}, {14: 1.0}),
    "germany": (-1471.39, 1459.27, {1: 0.1645, 10: 0.1536, 3: 0.107}, {29: 1.0}),
    "quarters 0": (-0.0332815, 0.0439276, {2: 0.0723, 12: 0.0667, 1: 0.062}, {19: 0.666, 8: 0.2265, 18: 0.1075}),
    "quarters 1": (0.0467636, 0.0417405, {12: 0.1265, 10: 0.0859, 8: 0.0759}, {19: 0.3745, 18: 0.3188, 16: 0.3067}),
    "quarters 2": (0.102128, 0.0491079, {3: 0.0748, 9: 0.07, 11: 0.0697}, {18: 0.7704, 19: 0.1185, 17: 0.1111}),
    "weeks 0": (-0.0137738, 0.037102, {15: 0.0857, 6: 0.0619, 20: 0.0607}, {95: 0.3087, 90: 0.1484, 85: 0.1245}),
    "weeks 1": (0.00382747, 0.0232976, {12: 0.0611, 11: 0.0607, 6: 0.0592}, {76: 0.2591, 99: 0.2389, 97: 0.1882}),
    "weeks 2": (0.00131924, 0.0447197, {11: 0.0598, 16: 0.0575, 8: 0.0559}, {93: 0.5928, 95: 0.1397, 96: 0.1369}),
}
# diff-diff 3.13.0, SyntheticControl(v_method="custom", custom_v=ones, standardize="none") with the outcomes of all
# years before as predictors: the estimate and its largest weights.
CONTROLS = {
    "prop99": (-19.5136, {"Utah": 0.3939, "Montana": 0.2318, "Nevada": 0.2049}),
    "basque": (-0.894589, {"Madrid (Comunidad De)": 0.4831, "Baleares (Islas)": 0.3111, "Rioja (La)": 0.2058}),
    "germany": (-1297.48, {"USA": 0.3426, "Austria": 0.3232, "Switzerland": 0.1079}),
}


def panel(name: str) -> tuple[Array, int]:
    """A public panel, or the made world of a seed."""
    if name in EVENTS:
        return public_panel(name)[2:]
    kind, seed = name.split()
    world = {"quarters": QUARTERLY, "weeks": WEEKLY}[kind]
    return world.values(int(seed)), world.before


def test_published_numbers_of_proposition_99() -> None:
    """Arkhangelsky et al. (2021), table 1: SDID -15.6, DID -27.3, SC -19.6; our SC is -19.51, as that of diff-diff."""
    values, before = panel("prop99")
    assert sdid(values, before).estimate == pytest.approx(-15.6, abs=0.15)
    assert difference(values, before) == pytest.approx(-27.3, abs=0.15)
    assert synthetic_control(values, before)[0] == pytest.approx(-19.6, abs=0.15)


def test_proposition_99_whole() -> None:
    """One of 38 placebos is larger than 15.6 packs, and the interval contains 0: one state is too few to see it."""
    values, before = panel("prop99")
    found = measure_effect(values, before)
    assert (found.status, found.donors, found.before, found.after) == ("ok", 38, 19, 12)
    assert found.estimate == pytest.approx(-15.605, abs=0.001)
    assert found.high is not None and found.low is not None and found.smallest is not None
    # t(37) of 2.026 times the root mean square of the placebos, 9.379.
    assert (found.high - found.low) / 2 == pytest.approx(19.00, abs=0.01)
    assert found.share_of_placebos == pytest.approx(2 / 39)
    assert not found.is_seen
    assert found.demeaned_control == demeaned_control(values, before)
    assert found.difference == difference(values, before)


@pytest.mark.parametrize("name", DIFF_DIFF)
def test_estimates_weights_and_placebos_are_those_of_diff_diff(name: str) -> None:
    estimate, error, of_donors, of_periods = DIFF_DIFF[name]
    values, before = panel(name)
    found = sdid(values, before)
    assert found.estimate == pytest.approx(estimate, abs=0.005 * error)
    assert np.std(placebos(values, before)) == pytest.approx(error, rel=0.002)
    assert {row: found.of_donors[row - 1] for row in of_donors} == pytest.approx(of_donors, abs=0.001)
    assert {period: found.of_periods[period] for period in of_periods} == pytest.approx(of_periods, abs=0.002)


@pytest.mark.parametrize("name", CONTROLS)
def test_plain_synthetic_controls_are_those_of_diff_diff(name: str) -> None:
    estimate, of_donors = CONTROLS[name]
    (_, *donors), _, values, before = public_panel(name)
    found, found_weights = synthetic_control(values, before)
    assert found == pytest.approx(estimate, rel=1e-5)
    by_name = dict(zip(donors, found_weights, strict=True))
    assert {donor: by_name[donor] for donor in of_donors} == pytest.approx(of_donors, abs=0.0001)


def test_weights_by_hand() -> None:
    """Columns (1, -1) and (-1, 1) for (0.5, -0.5): 0.75 and 0.25 meet it; with a ridge of 1 they are 2/3 and 1/3.

    The slope of 2 (2w - 1.5)^2 + 2 r^2 (w^2 + (1 - w)^2) is 0 where w = (12 + 4 r^2) / (16 + 8 r^2).
    """
    columns, target = np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([0.5, -0.5])
    assert weights(columns, target, 0.0) == pytest.approx([0.75, 0.25])
    assert weights(columns, target, 1.0) == pytest.approx([2 / 3, 1 / 3])


def test_parallel_units_by_hand() -> None:
    """Donors that keep their distance: any weights lead to expect 3, 5, 4, 6 plus 2; the unit then has 1.5 more."""
    path = np.array([3.0, 5.0, 4.0, 6.0])
    values = np.vstack([path + 2 + np.array([0, 0, 0, 1.5]), path, path + 7, path - 1])
    assert sdid(values, 3).estimate == pytest.approx(1.5)
    assert [difference(values, 3), demeaned_control(values, 3)] == pytest.approx([1.5, 1.5])


def test_an_effect_that_was_put_in_is_seen() -> None:
    without, found = (measure_effect(QUARTERLY.values(1, effect), BEFORE) for effect in (0.0, 0.4))
    assert found.status == "ok" and found.is_seen and not without.is_seen
    assert found.low is not None and found.high is not None and found.smallest is not None
    assert found.low < 0.4 < found.high
    assert found.estimate == pytest.approx((without.estimate or 0) + 0.4)
    assert found.share_of_placebos == pytest.approx(1 / 21)


def test_the_parts_of_an_effect_fit_together() -> None:
    values = QUARTERLY.values(1, 0.4)
    found = measure_effect(values, BEFORE)
    gap = values[0] - np.array(found.expected)
    assert gap[BEFORE:].mean() == pytest.approx(found.estimate, abs=1e-12)
    assert sdid(values, BEFORE).of_periods @ gap[:BEFORE] == pytest.approx(0, abs=1e-12)
    assert sum(found.donor_weights) == pytest.approx(1) and min(found.donor_weights) >= 0
    followed = np.diff(np.array(found.donor_weights) @ values[1:])
    assert np.diff(found.expected) == pytest.approx(followed)
    assert found.least is not None and found.most is not None and found.estimate is not None
    assert found.least <= found.estimate <= found.most
    assert found.in_time is not None and found.in_time_smallest is not None
    assert abs(found.in_time) <= found.in_time_smallest
    heaviest = 1 + int(np.argmax(found.donor_weights))
    without = measure_effect(np.delete(values, heaviest, axis=0), BEFORE).estimate
    # Its weights are spread by the noise of all donors, so that only the lack of the donor shows.
    assert without == pytest.approx(found.estimate, abs=found.most - found.least)


def test_an_interval_never_speaks_alone() -> None:
    """Five donors: the interval leaves out 0, but one of six is as large for any effect. Nothing is seen."""
    found = measure_effect(replace(QUARTERLY, donors=5).values(1, 3.0), BEFORE)
    assert found.status == "ok" and found.low is not None and found.low > 0
    assert found.share_of_placebos == pytest.approx(1 / 6)
    assert not found.is_seen


def test_19_donors_are_needed_to_see_an_effect() -> None:
    few, enough = (measure_effect(replace(QUARTERLY, donors=donors).values(3, 3.0), BEFORE) for donors in (18, 19))
    assert (few.status, few.is_seen) == ("ok", False)
    assert (enough.status, enough.is_seen) == ("ok", True)
    assert measure_effect(replace(QUARTERLY, donors=9).values(3, 3.0), BEFORE, level=0.1).is_seen


def test_an_effect_is_seen_where_it_exceeds_the_smallest() -> None:
    """With enough donors the two ways of saying it agree, also where the interval alone would see it."""
    found = [measure_effect(QUARTERLY.values(seed, 0.09), BEFORE) for seed in range(60)]
    estimated = [one for one in found if one.estimate is not None and one.smallest is not None]
    assert all(one.is_seen == (abs(one.estimate or 0) > (one.smallest or 0)) for one in estimated)
    assert {one.is_seen for one in estimated} == {True, False}
    assert any(excludes_zero(one) and not one.is_seen for one in estimated)


def excludes_zero(effect: Effect) -> bool:
    assert effect.low is not None and effect.high is not None
    return not effect.low <= 0 <= effect.high


def test_false_effects_are_rare() -> None:
    """The first 100 of the 1,000 worlds of `make bench-effect`: none has an effect."""
    found = [measure_effect(QUARTERLY.values(seed), BEFORE) for seed in range(100)]
    estimated = [one for one in found if one.estimate is not None]
    assert len(estimated) > 80
    assert sum(one.is_seen for one in estimated) <= 6
    assert 1 <= sum(excludes_zero(one) for one in estimated) <= 10


def test_90_percent_intervals_contain_what_was_put_in() -> None:
    found = [measure_effect(QUARTERLY.values(seed, 0.1), BEFORE, level=0.1) for seed in range(100)]
    estimated = [one for one in found if one.low is not None and one.high is not None]
    covered = sum(one.low <= 0.1 <= one.high for one in estimated)  # type: ignore[operator]
    assert 0.83 < covered / len(estimated) < 0.97


@pytest.mark.parametrize(
    ("donors", "before", "after", "status"),
    [
        (0, 20, 6, "single_unit_only"),
        (2, 20, 6, "single_unit_only"),
        (4, 20, 6, "insufficient_donors"),
        (12, 0, 6, "insufficient_pre_period"),
        (12, 7, 6, "insufficient_pre_period"),
        (12, 20, 0, "insufficient_post"),
        (12, 20, 1, "insufficient_post"),
        (12, 9, 6, "exploratory"),
    ],
)
def test_too_few_donors_or_periods_are_refused(donors: int, before: int, after: int, status: str) -> None:
    values = replace(QUARTERLY, donors=donors, before=before, after=after).values(3, 0.1)
    found = measure_effect(values, before)
    assert found.status == status
    assert (found.estimate is not None) == (status == "exploratory")
    assert (found.smallest is None) == (donors < 3 or before < 2 or after < 1)
    assert (found.donors, found.before, found.after) == (donors, before, after)


def test_requirements_are_those_of_the_caller() -> None:
    values = replace(QUARTERLY, before=20, after=8).values(3)
    assert measure_effect(values, 20, Requirements(fewest_before=26)).status == "insufficient_pre_period"
    assert measure_effect(values, 20, Requirements(few_before=21)).status == "exploratory"
    assert measure_effect(values, 20, Requirements(fewest_after=9)).status == "insufficient_post"
    assert measure_effect(values, 20, Requirements(few_donors=21)).status == "insufficient_donors"
    for impossible in ({"fewest_before": 2}, {"fewest_after": 0}, {"fewest_donors": 2}):
        with pytest.raises(MendError, match="3 periods before the event, 1 after it and 3 donors"):
            Requirements(**impossible)
    for before, status in ((11, "exploratory"), (12, "ok")):
        values = replace(QUARTERLY, before=before).values(3)
        assert measure_effect(values, before).status == status


def test_small_donors_beside_a_large_one_stay_donors() -> None:
    """What counts as rounding is a matter of each series, not of the largest."""
    values = QUARTERLY.values(1)
    values[7] *= 1e9
    assert measure_effect(values, BEFORE).donors == 20


def test_the_level_of_an_interval_does_not_decide_on_refusals() -> None:
    """One in ten worlds would fail the placebo in time at 10 %, half as many do at 5 %."""
    found = [
        [measure_effect(QUARTERLY.values(seed), BEFORE, level=level) for seed in range(60)] for level in (0.05, 0.5)
    ]
    assert [one.status for one in found[0]] == [one.status for one in found[1]]


def test_all_parts_of_a_panel_have_the_noise_of_the_whole() -> None:
    """The noise is the standard deviation of all changes of donors before: here of nine."""
    values = np.array([[0.0, 2, 1, 3, 4], [0, 3, 4, 2, 9], [1, 5, 7, 7, 2], [2, 2, 2, 3, 9]])
    noise = float(np.std([3, 1, -2, 4, 2, 0, 0, 0, 1], ddof=1))
    assert sdid(values, 4).of_donors == pytest.approx(sdid(values, 4, noise).of_donors)
    found = placebos(values, 4)
    assert found[0] == pytest.approx(sdid(values[[1, 2, 3]], 4, noise).estimate)
    assert found[0] != pytest.approx(sdid(values[[1, 2, 3]], 4).estimate)
    world = QUARTERLY.values(1)
    noise = float(np.diff(world[1:, :BEFORE], axis=1).std(ddof=1))
    left_out = [sdid(np.delete(world, row, axis=0), BEFORE, noise).estimate for row in range(1, 21)]
    effect = measure_effect(world, BEFORE)
    assert (effect.least, effect.most) == pytest.approx((min(left_out), max(left_out)), abs=1e-12)


def test_weights_that_are_not_the_best_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that stops early, or gives up, is no reason for another number."""
    values = QUARTERLY.values(1)

    def stop_early(matrix: Array, target: Array, maxiter: int) -> tuple[Array, float]:
        return np.full(matrix.shape[1], 1 / matrix.shape[1]), 0.0

    def give_up(matrix: Array, target: Array, maxiter: int) -> tuple[Array, float]:
        raise RuntimeError("Maximum number of iterations reached.")

    for solver, message in ((stop_early, "not the best ones"), (give_up, "weights of 19 .* are not found: Maximum")):
        monkeypatch.setattr("scipy.optimize.nnls", solver)
        with pytest.raises(MendError, match=message):
            measure_effect(values, BEFORE)


def test_a_unit_like_no_other_is_refused() -> None:
    values = QUARTERLY.values(5)
    values[0] = 10 * (-1.0) ** np.arange(values.shape[1])
    found = measure_effect(values, BEFORE)
    assert found.status == "poor_fit" and found.fit is not None and found.fit > 0.5


def small_shops(seed: int, effect: float = 0.0) -> Array:
    """Weekly buyers of 22 small shops: chance is most of their scatter, so that no control follows one."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.uniform(3, 5, (22, 1)) + rng.normal(0, 0.05, 103))
    mean[0, 52:] *= np.exp(effect)
    return np.log(rng.poisson(mean) + 0.5)


def test_shops_whose_scatter_is_chance_are_compared() -> None:
    """Half of the own scatter is missed, as of every donor: that is no reason to refuse. The effect is in the band."""
    found = [measure_effect(small_shops(seed, 0.3), 52, Requirements(26, 52, 4)) for seed in range(12)]
    estimated = [effect for effect in found if effect.low is not None and effect.high is not None]
    assert len(estimated) >= 9
    assert all(effect.fit is not None and effect.fit > 0.5 for effect in estimated)
    assert sum(effect.low <= 0.3 <= effect.high for effect in estimated) >= len(estimated) - 1  # type: ignore[operator]


def test_a_shop_that_scatters_more_than_the_others_is_refused() -> None:
    values = small_shops(3)
    values[0, :52] += np.random.default_rng(4).normal(0, 0.8, 52)
    assert measure_effect(values, 52, Requirements(26, 52, 4)).status == "poor_fit"


def test_a_change_before_the_event_is_refused() -> None:
    """A jump at two thirds of the time before, which the donors do not have: something else happened."""
    values = QUARTERLY.values(1)
    values[0, 13:] += 0.3
    found = measure_effect(values, BEFORE)
    assert found.status == "in_time_placebo_failed" and found.estimate is None and not found.is_seen
    assert found.in_time is not None and found.in_time_smallest is not None
    assert found.in_time > found.in_time_smallest


@pytest.mark.parametrize("place", [(0, 3), (2, 3)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_gaps_are_an_error(place: tuple[int, int], value: float) -> None:
    values = QUARTERLY.values(1)
    values[place] = value
    with pytest.raises(MendError, match="gaps"):
        measure_effect(values, BEFORE)


def without_variation() -> dict[str, Array]:
    """Panels of 12 periods before and 4 after, whose placebos or units have no scatter of their own."""
    rng = np.random.default_rng(0)
    path = rng.normal(0, 1, 16)
    constant = np.full((7, 16), 4.0)
    spikes = np.full((7, 16), 4.0)
    spikes[range(7), range(7)] += 1.0  # each unit is constant but for one period, which no weight of a period needs
    sparse = np.zeros((7, 16))
    chance = np.random.default_rng(2792)
    sparse[:, :12] += (chance.random((7, 12)) < 0.2) * chance.normal(0, 1, (7, 12))  # placebos of 3e-8, by arithmetic
    still = QUARTERLY.values(1)[:7, :16]
    still[0] = 4.0
    return {
        "constant": constant,
        "rounded": constant * (1 + rng.normal(0, 2e-16, (7, 16))),
        "identical": np.tile(path, (7, 1)),
        "parallel": path + rng.normal(0, 5, (7, 1)),
        "parallel in two groups": np.vstack([path, [path] * 3, [rng.normal(0, 1, 16)] * 3]),
        "parallel, far from 0": 1e9 + path + np.arange(7.0)[:, None],
        "constant but for one period": spikes,
        "constant after the event, mostly constant before": sparse,
        "constant unit": still,
    }


@pytest.mark.parametrize("name", without_variation())
@pytest.mark.parametrize("effect", [0.0, 0.1])
def test_values_without_variation_are_refused(name: str, effect: float) -> None:
    """Placebos without scatter cannot tell what chance does: any difference would be an effect, with no interval."""
    values = without_variation()[name]
    values[0, 12:] += effect
    found = measure_effect(values, 12)
    assert (found.status, found.estimate, found.low, found.is_seen) == ("no_variation", None, None, False)


def test_too_few_donors_without_variation_have_no_smallest_effect() -> None:
    found = measure_effect(np.full((5, 16), 4.0), 12)
    assert (found.status, found.smallest) == ("single_unit_only", None)


def test_a_repeated_donor_counts_once() -> None:
    """Two names for one series, or one in another currency: each would be the other's perfect placebo."""
    values = QUARTERLY.values(1, 0.2)
    repeated = np.vstack([values, values[3:6], values[3:4] + np.log(6.9)])
    once, found = measure_effect(values, BEFORE), measure_effect(repeated, BEFORE)
    assert replace(found, donor_weights=(), expected=()) == replace(once, donor_weights=(), expected=())
    assert found.expected == pytest.approx(once.expected, abs=1e-12)
    shared = np.array(once.donor_weights)
    shared[2] /= 3
    shared[3:5] /= 2
    assert found.donor_weights == pytest.approx([*shared, *shared[2:5], shared[2]])


def test_the_unit_is_no_donor_under_another_name() -> None:
    """It has the effect itself, and would hide it."""
    values = QUARTERLY.values(1, 0.4)
    found, once = measure_effect(np.vstack([values, values[:1] + 2]), BEFORE), measure_effect(values, BEFORE)
    assert found == replace(once, donor_weights=(*once.donor_weights, 0.0))


def numbers(effect: Effect) -> Array:
    """The numbers of an effect that have the unit of the values, but for the level of `expected`."""
    sizes = (effect.smallest, effect.estimate, effect.low, effect.high, effect.least, effect.most)
    others = (effect.in_time, effect.in_time_smallest, effect.demeaned_control, effect.difference)
    return np.array([*sizes, *others], np.float64)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), donors=st.integers(6, 30), factor=st.sampled_from([1e-6, 3.0, 1e6]))
def test_unit_and_order_of_the_donors_do_not_matter(seed: int, donors: int, factor: float) -> None:
    """Also with more donors than periods before, where many weights would fit."""
    values = replace(QUARTERLY, donors=donors).values(seed, 0.1)
    found = measure_effect(values, BEFORE)
    order = np.random.default_rng(seed).permutation(donors)
    mixed = measure_effect(values[[0, *(1 + order)]], BEFORE)
    scaled = measure_effect(values * factor, BEFORE)
    assert found.status == mixed.status == scaled.status
    assert found.share_of_placebos == mixed.share_of_placebos == scaled.share_of_placebos
    if found.estimate is not None:
        assert numbers(mixed) == pytest.approx(numbers(found), abs=1e-9)
        assert mixed.donor_weights == pytest.approx(np.array(found.donor_weights)[order], abs=1e-7)
        assert numbers(scaled) / factor == pytest.approx(numbers(found), abs=1e-9)


@pytest.mark.parametrize("name", ["quarters 1", "weeks 1", "prop99"])
def test_a_level_far_from_0_costs_only_the_digits_that_it_takes(name: str) -> None:
    """Numbers near 1e9 have 7 digits after the point left."""
    values, before = panel(name)
    found, far = measure_effect(values, before), measure_effect(values + 1e9, before)
    assert far.status == found.status == "ok"
    assert numbers(far) == pytest.approx(numbers(found), abs=1e-5)
    assert np.array(far.expected) - 1e9 == pytest.approx(np.array(found.expected), abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(2, 40),
    width=st.integers(1, 40),
    size=st.sampled_from([0.0, 3.0, 6.0]),
    ridge=st.sampled_from([0.0, 1e-6, 0.1, 10.0]),
)
def test_weights_are_the_best(seed: int, rows: int, width: int, size: float, ridge: float) -> None:
    """No other weights miss less: not a single column, the even ones, or any on the way to them.

    `size` is how many powers of ten the columns' sizes are apart.
    """
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, width)) * 10 ** (size * rng.random(width))
    target = rng.normal(size=rows)
    found = weights(columns, target, ridge)
    assert found.min() >= 0 and found.sum() == pytest.approx(1)
    apart = np.vstack([columns - columns.mean(axis=0), np.sqrt(rows) * ridge * np.eye(width)])
    goal = np.r_[target - target.mean(), np.zeros(width)]
    least = np.sum((apart @ found - goal) ** 2)
    scale = np.sum(apart**2) + np.sum(goal**2)
    for other in [*np.eye(width), np.full(width, 1 / width), rng.dirichlet(np.ones(width))]:
        for step in (0.001, 0.1, 1.0):
            assert np.sum((apart @ (found + step * (other - found)) - goal) ** 2) >= least - 1e-13 * scale
