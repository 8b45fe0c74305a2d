"""What the models miss of what they have not seen: CDNOW's second 39 weeks."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from etl.lifetime.holdout import hold_out, relative_error
from etl.lifetime.orders import Histories, OrderModel, fit_orders
from tests.support.buyers_made import made_histories
from tests.support.cdnow_histories import cdnow_until


def test_cdnow_orders_in_the_second_half() -> None:
    """1,653 days with an order are expected and 1,882 came: 12 % too few; going on as before would be 56 % too many."""
    known = cdnow_until(date(1997, 9, 30))
    found = hold_out(fit_orders(known.histories.grouped()), known.histories, known.came, known.days_after)
    assert (found.days, found.buyers, found.orders) == (273, 2357, 1882)
    assert found.expected == pytest.approx(1653.4087, abs=1e-3)  # lifetimes 0.11.3 says the same
    assert (found.error, found.naive_error) == pytest.approx((-0.1215, 0.5569), abs=1e-4)
    assert (found.miss, found.naive_miss) == pytest.approx((0.7855, 1.0237), abs=1e-4)


def test_errors_by_hand() -> None:
    """Two buyers: one ordered on 10 of 100 later days, one never; 5 and 1 came.

    Going on as before for 50 days gives 5 and 0: 5 in place of 6, and half an order missed by buyer.
    """
    fitted = Histories.of_buyers(np.array([10, 0]), np.array([90, 0]), np.array([100, 100]))
    found = hold_out(OrderModel(0.5, 50, 0.8, 2.5, 0.0, np.zeros((4, 4))), fitted, np.array([5.0, 1.0]), 50)
    assert (found.naive_error, found.naive_miss) == pytest.approx((-1 / 6, 0.5))
    assert found.error == pytest.approx(found.expected / 6 - 1)


def test_nothing_that_came_has_no_error() -> None:
    """A share of nothing is no number."""
    fitted = made_histories(np.random.default_rng(1), 500, np.array([0.5, 50, 0.8, 2.5]))
    found = hold_out(fit_orders(fitted), fitted, np.zeros(500), 90)
    assert (found.error, found.naive_error) == (None, None)
    assert relative_error(np.ones(2), np.array([5.0, 3.0])) == -0.75
