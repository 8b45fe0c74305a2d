"""BG/NBD against the published table for CDNOW, the library lifetimes 0.11.3, an integral, and made worlds.

The values of the library were computed with lifetimes 0.11.3, numpy 1.24.4, pandas 1.5.3 and scipy 1.11.4 from the same
orders, in days, with its tolerance at 1e-8.
"""

from __future__ import annotations

from datetime import date
from math import lgamma, log

import numpy as np
import pytest
from scipy.special import betaln  # type: ignore[import-untyped]

from etl.errors import MendError
from etl.lifetime.optimum import Array, NoModelError
from etl.lifetime.orders import (
    Histories,
    OrderModel,
    expected_orders,
    expected_orders_of_new,
    fit_orders,
    log_deviation_of_new,
    probability_alive,
)
from tests.support.buyers_made import made_histories
from tests.support.cdnow_histories import cdnow_until

NINE_MONTHS = date(1997, 9, 30)  # 39 weeks, as in the paper
# frequency, recency_days and age_days of six customers, and what lifetimes says of them.
SOME = Histories.of_buyers(
    np.array([0, 1, 2, 7, 26, 29]), np.array([0, 8, 213, 205, 216, 269]), np.array([272, 270, 272, 250, 272, 272])
)
ALIVE = [1.0, 0.19403887, 0.72662031, 0.75004043, 0.13930566, 0.96630891]
TO_COME = [0.19479363, 0.1869141, 1.22599444, 4.14643513, 2.54955031, 19.67949367]  # within 273 days
OF_NEW = {30: 0.20828579, 90: 0.52897364, 180: 0.89419033, 273: 1.19501002, 365: 1.44655976, 730: 2.2032902}


@pytest.fixture(scope="module")
def model() -> OrderModel:
    """CDNOW, fitted on the first 39 weeks."""
    return fit_orders(cdnow_until(NINE_MONTHS).histories.grouped())


def test_cdnow_has_the_published_parameters(model: OrderModel) -> None:
    """Fader, Hardie and Lee (2005), in weeks; in days alpha is seven times, and each order is a seventh as likely."""
    orders = cdnow_until(NINE_MONTHS).histories.frequency.sum()
    found = (model.r, model.alpha_days / 7, model.a, model.b, model.log_likelihood + orders * np.log(7))
    assert [round(value, 3) for value in found[:4]] == [0.243, 4.414, 0.793, 2.426]
    assert round(found[4], 1) == -9582.4


def test_cdnow_has_the_parameters_of_the_library(model: OrderModel) -> None:
    """To more than four digits."""
    assert model.parameters == pytest.approx([0.2425945227, 30.8952144270, 0.7929220249, 2.4259067190], rel=1e-6)


def test_what_is_to_come_is_what_the_library_says(model: OrderModel) -> None:
    """Of known buyers, among them one without a later order, and of new ones."""
    assert probability_alive(model, SOME) == pytest.approx(ALIVE, abs=1e-7)
    assert expected_orders(model, SOME, 273) == pytest.approx(TO_COME, abs=1e-6)
    assert {days: expected_orders_of_new(model, days) for days in OF_NEW} == pytest.approx(OF_NEW, abs=1e-7)


def test_equal_histories_are_counted_once(model: OrderModel) -> None:
    """Groups give the likelihood of their buyers, and no buyer is lost."""
    histories = cdnow_until(NINE_MONTHS).histories
    grouped = histories.grouped()
    assert len(grouped.buyers) == 1016
    assert grouped.buyers.sum() == 2357
    assert fit_orders(histories).parameters == pytest.approx(model.parameters, rel=1e-8)


def of_integral(parameters: Array, frequency: float, age: float, days: float) -> float:
    """Orders to come from a buyer who is alive, as the integral over the probability to leave; by trapezoids."""
    r, alpha, a, b = parameters
    b = b + frequency
    below, above = max(60 / min(a, 1.0), 60), max(60 / min(b, 1.0), 60)
    logit = np.concatenate([np.linspace(-below, -40, 20_001)[:-1], np.linspace(-40, 40, 20_001)[:-1]])
    logit = np.concatenate([logit, np.linspace(40, above, 20_001)])
    leaves, stays = -np.logaddexp(0, -logit), -np.logaddexp(0, logit)
    share = np.maximum(np.exp(leaves), 1e-250)
    of_share = -np.expm1(-(r + frequency) * np.log1p(share * days / (alpha + age))) / share
    return float(np.trapezoid(np.exp(a * leaves + b * stays - betaln(a, b)) * of_share, logit))


@pytest.mark.parametrize(
    "parameters",
    [
        (0.24, 31, 0.79, 2.43),
        (0.5, 60, 1.0, 2.0),  # the closed form divides by a - 1
        (0.5, 60, 1.0 + 1e-9, 2.0),
        (0.5, 60, 0.3, 0.7),  # and by a + b - 1
        (0.5, 60, 0.02, 0.1),
        (2.0, 50, 300.0, 2000.0),  # buyers who hardly differ
        (0.02, 3000, 0.05, 900.0),
    ],
)
def test_the_closed_form_is_its_integral(parameters: tuple[float, float, float, float]) -> None:
    """For parameters at which terms of the closed form have no value or are too large, and many orders."""
    model = OrderModel(*parameters, 0.0, np.zeros((4, 4)))
    for frequency, age, days in ((0, 0, 365), (0, 700, 90), (1, 400, 180), (30, 500, 365), (900, 1000, 30)):
        histories = Histories.of_buyers(np.array([frequency]), np.array([frequency]), np.array([age]))
        found = expected_orders(model, histories, days) / probability_alive(model, histories)
        assert found[0] == pytest.approx(of_integral(np.array(parameters), frequency, age, days), rel=1e-5)


def test_what_cannot_be_computed_is_no_number() -> None:
    """scipy 1.17 has no value for 2F1(15, 2000; 2299; 0.97)."""
    with pytest.raises(NoModelError, match="cannot be computed"):
        expected_orders_of_new(OrderModel(15.0, 10, 300.0, 2000.0, 0.0, np.zeros((4, 4))), 365)


@pytest.mark.parametrize("parameters", [(0.24, 31, 0.79, 2.43), (1.2, 120, 0.5, 3.0), (0.6, 60, 5.0, 30.0)])
def test_made_worlds_are_recovered(parameters: tuple[float, float, float, float]) -> None:
    """10,000 buyers each: what a new buyer will order within a year is found to 4 %.

    The model is of moments and the histories are of days: 1 to 2 % are lost where orders of one day are one.
    """
    made = made_histories(np.random.default_rng(7), 10_000, np.array(parameters))
    model, true = fit_orders(made.grouped()), OrderModel(*parameters, 0.0, np.zeros((4, 4)))
    assert expected_orders_of_new(model, 365) == pytest.approx(expected_orders_of_new(true, 365), rel=0.04)
    assert model.alpha_days / model.r == pytest.approx(parameters[1] / parameters[0], rel=0.06)
    assert 0.005 < log_deviation_of_new(model, 365) < 0.025


def test_the_doubt_of_the_parameters_holds_the_truth() -> None:
    """Of 60 worlds of 1,000 buyers each, about 95 % of the intervals hold what new buyers will order within a year."""
    parameters, rng = np.array([0.24, 31, 0.79, 2.43]), np.random.default_rng(5)
    truth = np.log(expected_orders_of_new(OrderModel(*parameters, 0.0, np.zeros((4, 4))), 365))
    held = 0
    for _ in range(60):
        model = fit_orders(made_histories(rng, 1000, parameters).grouped())
        held += abs(np.log(expected_orders_of_new(model, 365)) - truth) < 1.96 * log_deviation_of_new(model, 365)
    assert 53 <= held <= 60


def test_weeks_are_no_days() -> None:
    """The library takes T in weeks for days and gives four times the value; here they are refused."""
    days = cdnow_until(NINE_MONTHS).histories
    with pytest.raises(MendError, match="whole numbers of days"):
        Histories.of_buyers(days.frequency, days.recency_days / 7, days.age_days / 7)
    with pytest.raises(MendError, match="is the time in weeks"):
        Histories.of_buyers(days.frequency, np.ceil(days.recency_days / 7), np.ceil(days.age_days / 7))


@pytest.mark.parametrize(
    ("frequency", "recency", "age"),
    [(1, 9, 8), (0, 5, 9), (1, 0, 9), (-1, 3, 9), (1, np.nan, 9), (1, 3.5, 9)],
)
def test_impossible_histories_are_refused(frequency: float, recency: float, age: float) -> None:
    """An order after the end, a last order without a later one or the other way round, no numbers."""
    with pytest.raises(MendError, match=r"histories|last order"):
        Histories.of_buyers(np.array([frequency]), np.array([recency]), np.array([age]))


def test_nobody_who_came_back_is_no_model() -> None:
    """100 buyers of one order each."""
    with pytest.raises(NoModelError, match="no buyer has a later order") as refused:
        fit_orders(Histories.of_buyers(np.zeros(100), np.zeros(100), np.arange(100)))
    assert refused.value.reason == "no_returns"


def test_buyers_who_are_all_alike_are_no_model() -> None:
    """Everyone orders every tenth day and never leaves: rates without scatter, a probability to leave of 0."""
    alike = Histories.of_buyers(np.full(500, 30), np.full(500, 300), np.full(500, 305))
    with pytest.raises(NoModelError, match="no maximum") as refused:
        fit_orders(alike)
    assert refused.value.reason == "not_determined"


def test_no_fitted_model_is_a_place_where_the_search_gave_up() -> None:
    """Of 20 worlds of 60 buyers, a model is a maximum from whichever start, or there is none."""
    rng, models = np.random.default_rng(11), 0
    for _ in range(20):
        made = made_histories(rng, 60, np.array([0.6, 60, 5, 30]))
        try:
            model = fit_orders(made)
        except NoModelError as refused:
            assert refused.reason in {"not_determined", "no_returns"}
            continue
        models += 1
        for factors in np.exp(rng.uniform(-0.3, 0.3, (10, 4))):
            r, alpha, a, b = model.parameters * factors
            assert likelihood(made, r, alpha, a, b) < model.log_likelihood
    assert 3 < models < 17


def likelihood(made: Histories, r: float, alpha: float, a: float, b: float) -> float:
    """The log-likelihood in the form of Fader, Hardie and Lee (2005), equation (6), a buyer at a time."""
    total = 0.0
    for x, last, age in zip(made.frequency, made.recency_days, made.age_days, strict=True):
        both = lgamma(r + x) - lgamma(r) + r * log(alpha)
        beta = lgamma(a) + lgamma(b) - lgamma(a + b)
        stays = lgamma(a) + lgamma(b + x) - lgamma(a + b + x) - beta - (r + x) * log(alpha + age)
        left = -np.inf
        if x:
            left = lgamma(a + 1) + lgamma(b + x - 1) - lgamma(a + b + x) - beta - (r + x) * log(alpha + last)
        total += both + float(np.logaddexp(stays, left))
    return total
