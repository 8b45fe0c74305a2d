"""The CDNOW orders with a cost declared for each month: cohorts, returning buyers and payback, as in plain Python.

What is worked out here reads the orders only, never a table: months are calendar months, ages are days after the first
order, and an order of the day on which an age is reached is in it. The costs are made up.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

import pytest
from scipy.stats import chi2

from etl.checks.run import run
from tests.support.cdnow import LAST_DAY, CdnowOrder, cdnow_orders
from tests.support.shop import Shop

pytestmark = pytest.mark.slow

AGES = (0, 7, 14, 30, 60, 90, 120, 180, 270, 365, 540, 730)
REFUND_DAYS = 30
SPEND_OF_A_DAY = {date(1997, 1, 1): 1500, date(1997, 2, 1): 980, date(1997, 3, 1): 6000}  # USD, by month
MARGINS = {date(1997, 1, 1): Decimal("0.6"), date(1997, 7, 1): Decimal("0.55")}
WANTED = ("core.term", "steps.buyer_cohort", "steps.partnership_repeat", "marts.buyer_payback")
PAYBACK = """
    select
        cohort_month, age_days, buyers, new_buyers, spend, cost_per_buyer, cost_low, cost_high, value_kind,
        value_per_buyer, payback_day, payback_low, payback_high, payback_status, reached_days
    from marts.buyer_payback where channel = '{}' order by 1, 2
"""
Curve = list[Decimal]  # what the buyers of a month had spent, by age in days


class Cohort(NamedTuple):
    """The buyers of a month, the days of their first orders, and what they spent by each age that all have reached."""

    first_on: Mapping[str, date]
    orders: list[CdnowOrder]
    reached: int

    def curve(self, worth: Callable[[date], Decimal]) -> Curve:
        of_age = [Decimal(0)] * (self.reached + 1)
        for order in self.orders:
            age = (order.on - self.first_on[order.customer]).days
            if age <= self.reached:
                of_age[age] += order.amount * worth(order.on)
        return list(accumulate(of_age))


def net(day: date) -> Decimal:
    return Decimal(1)


def margin(day: date) -> Decimal:
    return MARGINS[max(since for since in MARGINS if since <= day)]


@pytest.fixture(scope="module")
def orders() -> list[CdnowOrder]:
    return cdnow_orders()


@pytest.fixture(scope="module")
def first_on(orders: list[CdnowOrder]) -> dict[str, date]:
    return {order.customer: order.on for order in sorted(orders, key=lambda order: order.on, reverse=True)}


@pytest.fixture(scope="module")
def cohorts(orders: list[CdnowOrder], first_on: dict[str, date]) -> dict[date, Cohort]:
    found = {}
    for month in sorted({day.replace(day=1) for day in first_on.values()}):
        who = {name: day for name, day in first_on.items() if day.replace(day=1) == month}
        end = month.replace(day=monthrange(month.year, month.month)[1])
        own = [order for order in orders if order.customer in who]
        found[month] = Cohort(who, own, (LAST_DAY - end).days - REFUND_DAYS)
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, orders: list[CdnowOrder]) -> Shop:
    made = Shop(tmp_path_factory.mktemp("cdnow"), platform="cdnow", currency="USD", wanted=WANTED, check=run)
    days = (date(1997, 1, 1) + timedelta(n) for n in range(90))
    spend = [f"cdnow,{day},ads,USD,{SPEND_OF_A_DAY[day.replace(day=1)]}" for day in days]
    header = "platform,date,channel,currency,marketing_spend\n"
    over = "cdnow,1997-04-01,ads,USD,0"
    (made.settings.inbox / "spend.csv").write_text(header + "\n".join([*spend, over, ""]), encoding="utf-8")
    made.deliver(
        "orders.csv",
        "platform,event_id,event_time,buyer_id_hash,channel,amount,currency,status",
        *(f"cdnow,{o.line},{o.on} 12:00:00,{o.customer},ads,{o.amount},USD,placed" for o in orders),
    )
    return made


def test_cohorts_and_who_returned(shop: Shop, cohorts: dict[date, Cohort]) -> None:
    expected = []
    for month, cohort in cohorts.items():
        days = {name: [o.on for o in cohort.orders if o.customer == name] for name in cohort.first_on}
        counts: list[int] = []
        for within in (30, 60, 90):
            due = {name for name, first in cohort.first_on.items() if first + timedelta(within) <= LAST_DAY}
            back = [
                name
                for name in due
                if any(timedelta(0) < day - cohort.first_on[name] <= timedelta(within) for day in days[name])
            ]
            counts += [len(due), len(back)]
        expected.append((month, len(days), *counts))
    assert sum(row[1] for row in expected) == 2357
    assert shop.rows("select count(*) from core.order_event") == [(6919,)]
    found = shop.rows(
        "select cohort_month, buyers, due_30, back_30, due_60, back_60, due_90, back_90 from steps.buyer_cohort "
        "order by 1"
    )
    assert found == expected


def test_who_returned_by_the_day_on_which_the_time_is_over(
    shop: Shop, orders: list[CdnowOrder], first_on: dict[str, date]
) -> None:
    days: dict[str, list[date]] = {}
    for order in orders:
        days.setdefault(order.customer, []).append(order.on)
    for within in (30, 60, 90):
        due, back = Counter[date](), Counter[date]()
        for name, first in first_on.items():
            over = first + timedelta(within)
            due[over] += 1
            back[over] += any(first < day <= over for day in days[name])
        found = shop.rows(
            f"select date, buyers_{within}, repeated_{within} from steps.partnership_repeat where buyers_{within} > 0 "
            "order by 1"
        )
        assert found == [(day, due[day], back[day]) for day in sorted(due)]
        assert sum(due.values()) == 2357


def payback_of(cohorts: dict[date, Cohort], worth: Callable[[date], Decimal], kind: str) -> list[tuple[object, ...]]:
    """The rows of marts.buyer_payback, from orders and declared spend."""
    rows: list[tuple[object, ...]] = []
    for month, cohort in cohorts.items():
        buyers, curve = len(cohort.first_on), cohort.curve(worth)
        spend = SPEND_OF_A_DAY[month] * monthrange(month.year, month.month)[1]
        means = (float(chi2.ppf(0.975, 2 * buyers + 2)) / 2, float(chi2.ppf(0.025, 2 * buyers)) / 2)
        costs = spend / buyers, spend / means[0], spend / means[1]
        days = [next((age for age, sum_ in enumerate(curve) if float(sum_) / buyers >= cost), None) for cost in costs]
        status = "not_yet" if days[0] is None else "paid_back"
        rows += [
            (month, age, buyers, buyers, spend, *costs, kind, float(curve[age]) / buyers, *days, status, cohort.reached)
            for age in AGES
            if age <= cohort.reached
        ]
    return rows


def meets(found: list[tuple[object, ...]], expected: list[tuple[object, ...]]) -> bool:
    """Whether all rows are the same; the interval of the cost is a formula within 0.00001 of the exact one."""
    return [tuple(row) for row in found] == [
        tuple(pytest.approx(value, rel=1e-5) if isinstance(value, float) else value for value in row)
        for row in expected
    ]


def test_payback(shop: Shop, cohorts: dict[date, Cohort]) -> None:
    """Of net revenue, as no margin is delivered; then of the margins, once they are."""
    expected = payback_of(cohorts, net, "net_revenue")
    assert {row[-2] for row in expected} == {"paid_back", "not_yet"}
    assert {row[1] for row in expected if row[0] == date(1997, 1, 1)} == {age for age in AGES if age <= 485}
    for channel in ("", "ads"):
        assert meets(shop.rows(PAYBACK.format(channel)), expected)
    margins = [f"cdnow,,{since},{rate},made up" for since, rate in MARGINS.items()]
    shop.deliver("margins.csv", "platform,channel,valid_from,rate,note", *margins)
    by_margin = payback_of(cohorts, margin, "contribution_margin")
    assert [row[-5:-2] for row in by_margin] != [row[-5:-2] for row in expected]
    for channel in ("", "ads"):
        assert meets(shop.rows(PAYBACK.format(channel)), by_margin)
    assert shop.rows("select count(*) from audit.expectation_result where not success and severity = 'critical'") == [
        (0,)
    ]
