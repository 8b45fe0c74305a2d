"""Buyers who return, counted by the day on which their time is over: of a shop with days without orders, built piece
by piece, no buyer is lost, and nobody counts before the orders of the day have come."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest

from etl.checks.run import CheckResult
from etl.checks.suite import Suite
from etl.daily.due import mark_changed_days
from etl.models.file import Model
from etl.warehouse import Connection
from tests.support.building import build_all_daily
from tests.support.daily_models import NOW
from tests.support.models import build_models, models_behind

pytestmark = pytest.mark.slow

START = date(2024, 1, 1)
REPEAT = "steps.partnership_repeat"
Order = tuple[date, str, str]  # day, buyer, status


def unchecked(con: Connection, suite: Suite, grain: Sequence[str] = ()) -> list[CheckResult]:
    return []


def build_due(con: Connection, models: Sequence[Model]) -> None:
    mark_changed_days(con, models)
    build_all_daily(con, models, {m.name: Suite(m.name, ()) for m in models}, check=unchecked)


def deliver(con: Connection, orders: dict[int, Order], number: int, order: Order, at: datetime) -> None:
    """An order, placed at noon; the deal is that of its number."""
    orders[number] = order
    con.execute("delete from core.order_event where event_id = ?", [str(number)])
    con.execute(
        "insert into core.order_event (platform, event_id, event_time, buyer_id_hash, status, amount, currency, "
        "channel, partnership_id, loaded_at) values ('shop', ?, ? + interval 12 hour, ?, ?, 1, 'CNY', '', ?, ?)",
        [str(number), *order, "ab"[number % 2], at],
    )


def worked_out(orders: dict[int, Order], days: int) -> tuple[int, int]:
    """How many buyers' days have passed by the last order, and how many of them returned on a later day."""
    last = max(day for day, _, _ in orders.values())
    due = back = 0
    for buyer in {buyer for _, buyer, _ in orders.values()}:
        own = [(day, status) for day, who, status in orders.values() if who == buyer]
        first = min(day for day, _ in own)
        if first + timedelta(days) <= last:
            due += 1
            back += any(first < day <= first + timedelta(days) and status != "cancelled" for day, status in own)
    return due, back


@pytest.mark.parametrize("seed", range(3))
def test_no_buyer_is_lost_on_a_day_without_orders(con: Connection, seed: int) -> None:
    rng, orders = random.Random(seed), dict[int, Order]()
    con.execute(
        "insert into raw.reference_row (kind, fields) select 'platform', "
        "map {'platform': 'shop', 'reporting_currency': 'CNY'}"
    )
    needed = models_behind(REPEAT)
    models = tuple(m for m in build_models(con) if m.name in needed)
    for late in range(6):  # six deliveries, of which each but the first also changes what was told before
        for number in range(late * 12, late * 12 + 12):
            day = START + timedelta(late * 70 + rng.randrange(40))
            order = day, f"b{rng.randrange(30)}", rng.choice(["placed", "placed", "cancelled", "refunded"])
            deliver(con, orders, number, order, NOW + timedelta(late))
            if late and number % 6 == 0:
                changed = rng.choice(sorted(orders))
                order = orders[changed][0], f"b{rng.randrange(30)}", "placed"
                deliver(con, orders, changed, order, NOW + timedelta(late))
        build_due(con, models)
        for days in (30, 60, 90):
            found = con.execute(
                f"select coalesce(sum(buyers_{days}), 0), coalesce(sum(repeated_{days}), 0) from {REPEAT} "
                "where partnership_id = ''"
            ).fetchone()
            assert found == worked_out(orders, days), (late, days)
    silent = con.execute(
        f"select count(*) from {REPEAT} as r join core.order_calendar as c using (platform, date) "
        "where not c.has_orders"
    ).fetchone()
    assert silent is not None
    assert silent[0] > 20, "the days without orders are the point"
    (repeat,) = (m for m in models if m.name == REPEAT)
    kept = con.execute(f"from {REPEAT} order by all").fetchall()
    assert kept == con.execute(f"from ({repeat.sql}\n) order by all").fetchall()
