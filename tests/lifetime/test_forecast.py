"""From orders to marts.buyer_lifetime: CDNOW as a shop, through every model behind the mart and their suites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pytest

from etl.build import create_vocabulary
from etl.config import ROOT
from etl.errors import MendError
from etl.lifetime.forecast import bring_up_to_date
from etl.lifetime.optimum import NoModelError
from etl.lifetime.orders import OrderModel, expected_orders_of_new, fit_orders
from etl.lifetime.value import fit_values, lifetime_value_of_new
from etl.warehouse import Connection, memory
from tests.support.building import build_needed
from tests.support.cdnow import LAST_DAY, cdnow_orders
from tests.support.cdnow_histories import cdnow_until
from tests.support.examples import WIDEST, shown
from tests.support.models import project_models

MART = "marts.buyer_lifetime"
PLATFORM = """
    insert into raw.reference_row by name
    select
        'platform' as kind, 'platforms.csv' as file, 2 as line, now() as loaded_at,
        map {'platform': 'cdnow', 'name': 'CDNOW', 'company': 'CDNOW', 'role': 'supply', 'fiscal_year_end': '12-31',
            'reporting_currency': 'USD'} as fields
"""
ORDERS = """
    insert into core.order_event by name
    select
        'cdnow' as platform, told.line::varchar as event_id, told.on + interval 12 hour as event_time,
        told.customer as buyer_id_hash, told.amount as amount, 'USD' as currency, 'placed' as status,
        if(told.customer::int <= 300, 'email', 'search') as channel, '' as partnership_id, false as is_simulated,
        now() as loaded_at
    from (select unnest($orders) as told)
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Connection]:
    """The orders of CDNOW, each of the first 300 customers through email, of the others through search."""
    con = memory()
    create_vocabulary(con, project_models())
    con.execute(PLATFORM)
    con.execute(ORDERS, {"orders": [asdict(order) for order in cdnow_orders()]})
    results = build_needed(con, MART)
    assert [check.name for result in results.values() for check in result.checks if not check.success] == []
    yield con
    con.close()


def rows(con: Connection, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
    query = f"select {columns} from {MART} as t where {where} order by t.channel, t.horizon_days"
    return con.execute(query).fetchall()


def test_cdnow_as_a_shop_has_the_numbers_of_its_orders(shop: Connection) -> None:
    """What SQL and the build make of the orders is what the functions give, worked out from the orders apart."""
    known = cdnow_until(LAST_DAY - timedelta(30))
    orders, values = fit_orders(known.histories.grouped()), fit_values(known.histories.frequency, known.mean_value)
    found = rows(
        shop, "t.horizon_days, t.expected_orders, t.expected_value, t.status, t.value_status", "t.channel = ''"
    )
    for days, expected, value, *statuses in found:
        assert expected == pytest.approx(expected_orders_of_new(orders, days), rel=1e-9)
        wanted = lifetime_value_of_new(orders, values, horizon_days=days, yearly_discount=0.1)
        assert value == pytest.approx(wanted, rel=1e-9)
        assert statuses == ["ok", "ok"]
    assert [row[0] for row in found] == [90, 180, 365]


def test_the_holdout_stands_beside_the_number(shop: Connection) -> None:
    """171 of 515 days are held back: 1,122.2 orders are expected and 1,117 came; going on as before gives 56 % more."""
    (found,) = rows(
        shop,
        "t.held_days, t.held_error, t.held_naive_error, t.held_value_error, t.flags, t.is_model, t.known_until",
        "t.channel = '' and t.horizon_days = 365",
    )
    assert found[0] == 171
    assert found[1:4] == pytest.approx((1122.193727 / 1117 - 1, 0.555219, -0.019770), abs=1e-5)
    assert found[4:] == ([], True, date(1998, 5, 31))


def test_the_example_asks_for_a_year(shop: Connection) -> None:
    """The query of sql/examples: the platform and its channels, those without a value last."""
    query = (ROOT / "sql" / "examples" / "37_what_will_a_buyer_order.sql").read_text(encoding="utf-8")
    found = shop.sql(query).fetchall()
    assert [(row[1], row[-2], row[3] is None) for row in found][-1] == ("email", "few_buyers", True)
    assert {row[1]: row[7] for row in found}[""] == 0.5  # 1,122.2 orders expected, 1,117 came
    assert max(map(len, shown(shop, query))) <= WIDEST


def test_a_channel_with_few_buyers_has_a_reason_and_no_number(shop: Connection) -> None:
    """300 buyers came through email: too few; 2,057 through search: enough."""
    found = rows(shop, "t.status, t.value_status, t.expected_orders, t.expected_value, t.buyers", "t.channel = 'email'")
    assert found == [("few_buyers", "few_buyers", None, None, 300)] * 3
    assert [row[0] for row in rows(shop, "t.status", "t.channel = 'search'")] == ["ok"] * 3


@contextmanager
def changed(con: Connection, *changes: str) -> Iterator[Connection]:
    """The shop after changes of core.buyer_history and its models; taken back at the end."""
    con.execute("begin")
    try:
        for change in changes:
            con.execute(change)
        bring_up_to_date(con)
        yield con
    finally:
        con.execute("rollback")


def of_all(con: Connection, columns: str) -> list[tuple[Any, ...]]:
    query = f"select {columns} from raw.lifetime_forecast as f where f.channel = '' order by f.horizon_days"
    return con.execute(query).fetchall()


STATUSES = "f.status, f.value_status, f.expected_orders is not null, f.expected_value is not null"
NONE_CAME = """update core.buyer_history set frequency = fit_frequency, recency_days = fit_recency_days,
    later_value = fit_later_value where fit_frequency is not null"""


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            "update core.buyer_history set since = known_until - 260",
            [("short_history", "short_history", False, False)] * 3,
        ),
        (
            "update core.buyer_history set since = known_until - 300",
            [("ok", "ok", True, True)] * 2 + [("horizon_too_far", "horizon_too_far", False, False)],
        ),
        (NONE_CAME, [("holdout_missed", "holdout_missed", False, False)] * 3),
        (
            "update core.buyer_history set later_value = null where buyer_id_hash = '0001'",
            [("ok", "missing_rate", True, False)] * 3,
        ),
        (
            "update core.buyer_history set later_value = 9 * frequency ^ 2, fit_later_value = 9 * fit_frequency ^ 2",
            [("ok", "value_by_frequency", True, False)] * 3,
        ),
        (
            "update core.buyer_history set later_value = 0, fit_later_value = 0 where buyer_id_hash < '0500'",
            [("ok", "worthless_orders", True, False)] * 3,
        ),
        (
            "update core.buyer_history set frequency = 0, recency_days = 0, fit_frequency = 0, fit_recency_days = 0",
            [("few_buyers", "few_buyers", False, False)] * 3,
        ),
    ],
)
def test_where_there_is_no_number_there_is_a_reason(
    shop: Connection, change: str, found: list[tuple[Any, ...]]
) -> None:
    """Orders without a value, a horizon without the others, or nothing at all."""
    with changed(shop, change) as con:
        assert of_all(con, STATUSES) == found


def test_a_horizon_that_cannot_be_computed_leaves_the_others(shop: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where scipy has no value for a year, the other horizons have theirs."""

    def short_only(model: OrderModel, horizon_days: float) -> float:
        if horizon_days == 365:
            raise NoModelError("not_determined", "not finite")
        return expected_orders_of_new(model, horizon_days)

    monkeypatch.setattr("etl.lifetime.forecast.expected_orders_of_new", short_only)
    with changed(shop, "update raw.lifetime_forecast set input_hash = 'another'") as con:
        assert of_all(con, STATUSES) == [("ok", "ok", True, True)] * 2 + [
            ("not_determined", "not_determined", False, False)
        ]


def test_wrong_histories_stop_the_build(shop: Connection) -> None:
    """An order after the end of observation is an error with a message, not a reason in a row."""
    wrong = "update core.buyer_history set recency_days = age_days + 1 where buyer_id_hash = '0001'"
    with pytest.raises(MendError, match="between the first one and the end"), changed(shop, wrong):
        pass


def test_only_what_changed_is_computed_again(shop: Connection) -> None:
    """A mark stays while the histories do, and is gone with one more day of a buyer; a platform that left has none."""
    mark = "update raw.lifetime_forecast set yearly_discount = 9"
    with changed(shop, mark) as con:
        assert of_all(con, "f.yearly_discount") == [(9,)] * 3
    with changed(
        shop, mark, "update core.buyer_history set age_days = age_days + 1 where buyer_id_hash = '0001'"
    ) as con:
        assert of_all(con, "f.yearly_discount") == [(0.1,)] * 3
        assert con.execute("select count(*) from raw.lifetime_forecast").fetchall() == [(9,)]
    with changed(shop, "delete from core.buyer_history") as con:
        assert con.execute("select count(*) from raw.lifetime_forecast").fetchall() == [(0,)]


WORDS = re.compile(r'NoModelError\(\s*"(\w+)"')


def test_every_reason_is_explained() -> None:
    """The reasons that Python gives are words of core.term; its suite refuses a row with any other."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "etl" / "lifetime").glob("*.py")]
    reasons = {word for text in texts for word in WORDS.findall(text)}
    with memory() as con:
        create_vocabulary(con, project_models())
        known = {word for (word,) in con.execute("select term from core.term where kind = 'lifetime'").fetchall()}
    assert reasons >= {"no_returns", "not_determined", "few_buyers"}
    assert reasons <= known
