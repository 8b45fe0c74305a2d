"""Gamma-gamma and lifetime value against the published note for CDNOW, the library lifetimes 0.11.3 and made worlds.

The versions behind the library's values are those of test_orders.py.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from etl.errors import MendError
from etl.lifetime.optimum import NoModelError
from etl.lifetime.orders import Histories, expected_orders, fit_orders
from etl.lifetime.value import (
    ValueModel,
    discount_steps,
    expected_value,
    expected_value_of_new,
    fit_values,
    lifetime_value,
    lifetime_value_of_new,
    log_deviation_of_new_value,
)
from tests.support.buyers_made import made_histories, made_means
from tests.support.cdnow_histories import cdnow_until

NINE_MONTHS = date(1997, 9, 30)
SOME = Histories.of_buyers(
    np.array([0, 1, 2, 7, 26, 29]), np.array([0, 8, 213, 205, 216, 269]), np.array([272, 270, 272, 250, 272, 272])
)
PAID = np.array([0, 10.0, 22.345, 44.89, 73.74, 52.0])  # mean of their later order days, in dollars
TO_BE_PAID = [35.170371, 17.680088, 24.653919, 44.316282, 73.099428, 51.748974]
IN_360_DAYS = [8.766113, 4.185991, 38.081459, 228.621325, 231.19834, 1263.026497]
# The same at 1 % for each 30 days, which the library takes off at the end of each of them.
DISCOUNTED = [8.244009, 3.940453, 35.866581, 215.604201, 218.102683, 1191.51866]


@pytest.fixture(scope="module")
def model() -> ValueModel:
    """The values of the 946 customers of CDNOW who came back within 39 weeks."""
    known = cdnow_until(NINE_MONTHS)
    return fit_values(known.histories.frequency, known.mean_value)


def test_cdnow_has_the_published_parameters(model: ValueModel) -> None:
    """Fader and Hardie (2013), note 025; and those of the library to more than four digits."""
    assert (round(model.p, 2), round(model.q, 2), round(model.v, 2)) == (6.25, 3.74, 15.44)
    assert (model.p, model.q, model.v) == pytest.approx((6.2495722776, 3.7442246748, 15.4435210184), rel=1e-6)
    assert model.correlation == pytest.approx(0.113888, abs=1e-6)


def test_expected_values_are_those_of_the_library(model: ValueModel) -> None:
    """A buyer without a later order has the mean of all; whatever is told of its value counts for nothing."""
    assert expected_value(model, SOME.frequency, PAID) == pytest.approx(TO_BE_PAID, abs=1e-5)
    told = np.where(SOME.frequency > 0, PAID, 999.0)
    assert expected_value(model, SOME.frequency, told)[0] == pytest.approx(expected_value_of_new(model))


def test_lifetime_value_is_that_of_the_library(model: ValueModel) -> None:
    """360 days are the 12 months of lifetimes; it discounts from the end of each 30 days, this from the middle."""
    orders = fit_orders(cdnow_until(NINE_MONTHS).histories.grouped())
    value = expected_value(model, SOME.frequency, PAID)
    flat = lifetime_value(orders, SOME, value, horizon_days=360, yearly_discount=0)
    assert flat == pytest.approx(IN_360_DAYS, rel=1e-6)
    found = lifetime_value(orders, SOME, value, horizon_days=360, yearly_discount=1.01 ** (365 / 30) - 1)
    assert found / 1.01**0.5 == pytest.approx(DISCOUNTED, rel=1e-6)


def test_weeks_made_days_have_one_value(model: ValueModel) -> None:
    """The mean for a year is 32.19. lifetimes says 32.19 of weeks, 31.84 of days, 119.00 of weeks without freq='W'."""
    known = cdnow_until(NINE_MONTHS)
    value = expected_value(model, known.histories.frequency, known.mean_value)
    means = []
    for unit in (1, 7):  # from days, and from weeks that are made days before they come here
        told = (known.histories.recency_days / unit, known.histories.age_days / unit)
        days = Histories.of_buyers(known.histories.frequency, *(np.round(times * unit) for times in told))
        orders = fit_orders(days.grouped())
        means.append(lifetime_value(orders, days, value, horizon_days=365, yearly_discount=0).mean())
    assert means == pytest.approx([32.1906, 32.1906], abs=1e-4)


def test_the_value_of_a_new_buyer_is_its_orders_times_the_mean(model: ValueModel) -> None:
    """By hand: 1.44655976 orders within 365 days at 35.170371 are 50.8760; at 10 % a year it is less by 3 to 6 %."""
    orders = fit_orders(cdnow_until(NINE_MONTHS).histories.grouped())
    flat = lifetime_value_of_new(orders, model, horizon_days=365, yearly_discount=0)
    assert flat == pytest.approx(1.44655976 * 35.170371, rel=1e-6)
    assert 0.94 < lifetime_value_of_new(orders, model, horizon_days=365, yearly_discount=0.1) / flat < 0.97


def test_steps_fill_the_horizon() -> None:
    """Equal steps of at most 30 days that end on the last day; half a year from now 1 is worth 1.21 ** -0.5."""
    ends = [end for end, _ in discount_steps(365, 0.1)]
    assert (len(ends), ends[-1]) == (13, pytest.approx(365))
    ((end, factor),) = discount_steps(30, 0.21)
    assert (end, factor) == (30, pytest.approx(1.21 ** (-15 / 365)))


def test_discounting_is_that_of_every_day(model: ValueModel) -> None:
    """Steps of 30 days are within a thousandth of steps of one."""
    orders = fit_orders(cdnow_until(NINE_MONTHS).histories.grouped())
    until = np.array([expected_orders(orders, SOME, day) for day in range(366)])
    daily = (np.diff(until, axis=0) * 1.1 ** -((np.arange(365) + 0.5) / 365)[:, None]).sum(axis=0)
    found = lifetime_value(orders, SOME, np.ones(6), horizon_days=365, yearly_discount=0.1)
    assert found == pytest.approx(daily, rel=1e-3)


def test_made_values_are_recovered() -> None:
    """20,000 buyers, of whom a good part came back: each parameter within 10 %, the mean of all within 2 %."""
    rng = np.random.default_rng(3)
    frequency = made_histories(rng, 20_000, np.array([0.6, 60, 0.8, 2.5])).frequency
    model = fit_values(frequency, made_means(rng, frequency, np.array([6.0, 4.0, 15.0])))
    assert (model.p, model.q, model.v) == pytest.approx((6.0, 4.0, 15.0), rel=0.1)
    assert expected_value_of_new(model) == pytest.approx(30.0, rel=0.02)
    assert abs(np.log(expected_value_of_new(model) / 30)) < 3 * log_deviation_of_new_value(model)


def refusal(frequency: list[float], mean: list[float]) -> str:
    """The reason why there is no model."""
    with pytest.raises(NoModelError) as refused:
        fit_values(np.array(frequency, np.float64), np.array(mean, np.float64))
    return refused.value.reason


def test_values_that_carry_no_model_are_refused() -> None:
    """Nobody came back; 20 of 100 paid nothing; who comes often pays most; all pay the same; a mean without bound."""
    assert refusal([0, 0], [0, 0]) == "no_returns"
    assert refusal([1] * 100, [0] * 20 + [10.0, 20.0] * 40) == "worthless_orders"
    assert refusal([1, 2, 3, 4] * 50, [10, 20, 31, 40] * 50) == "value_by_frequency"
    assert refusal([1, 2, 3] * 100, [10] * 300) == "not_determined"
    rng, twice = np.random.default_rng(2), [2.0] * 3000
    assert refusal(twice, [*made_means(rng, np.array(twice), np.array([3.0, 0.6, 5.0]))]) == "no_mean_value"


def test_a_value_below_nothing_is_an_error() -> None:
    """It is wrong data, not data without a model."""
    for wrong in (-1.0, float("nan")):
        with pytest.raises(MendError, match="missing or negative"):
            fit_values(np.array([1.0, 2.0]), np.array([wrong, 5.0]))
