"""Payback of a made shop with planted truth, by channel: devices of one buyer, guests, partial refunds, cancellations.

What is expected is worked out here from the truth, without SQL of the product.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from etl.config import load_settings
from etl.daily.due import mark_changed_days
from etl.inbox.load import load_inbox
from etl.reference.load import load_reference
from etl.warehouse import Connection, memory
from tests.support.building import build_needed
from tests.support.made_shop import PAID, PLATFORMS, UNPLACED, make_shop
from tests.support.models import project_models
from tests.support.shop import Shop

pytestmark = pytest.mark.slow

ORDERS, DAYS, LAST_DAY = 20_000, 200, date(2025, 7, 19)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGES = (0, 7, 14, 30, 60, 90, 120, 180)


class Order(NamedTuple):
    """One order as it was: `buyer` the person behind it, if anybody, `kept` what was neither cancelled nor refunded."""

    event_id: str
    event_time: datetime
    date: date
    buyer: int | None
    channel: str
    status: str
    kept: Decimal


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Connection, list[Order]]]:
    home = tmp_path_factory.mktemp("payback")
    figures, truth = home / "figures", home / "truth.parquet"
    figures.mkdir()
    (figures / "platforms.csv").write_text(PLATFORMS, encoding="utf-8")
    settings = load_settings({"WAREHOUSE_HOME": str(home), "WAREHOUSE_FIGURES": str(figures)})
    make_shop(settings.inbox, ORDERS, DAYS, truth)
    con = memory()
    load_reference(con, settings, NOW)
    build_needed(con, "core.platform", "core.platform_ever", "core.partnership")
    loads = load_inbox(con, settings, NOW, progress=lambda _: None)
    assert {load.status for load in loads} == {"loaded"}, loads
    mark_changed_days(con, project_models())
    build_needed(con, "core.term", "marts.buyer_payback")
    kept = "case status when 'placed' then amount - coalesce(refunded, 0) else 0 end"
    rows = con.execute(f"select event_id, event_time, date, buyer, channel, status, {kept} from '{truth}'").fetchall()
    yield con, [Order(*row) for row in rows]
    con.close()


def test_value_and_buyers_of_every_channel_and_age(made: tuple[Connection, list[Order]]) -> None:
    con, truth = made
    assert max(order.date for order in truth) == LAST_DAY
    first: dict[int, Order] = {}
    for order in sorted(truth):
        if order.buyer is not None:
            known = first.setdefault(order.buyer, order)
            first[order.buyer] = min(known, order, key=lambda o: (o.event_time, o.event_id))
    buyers: defaultdict[tuple[date, str], int] = defaultdict(int)
    value: defaultdict[tuple[date, str, int], Decimal] = defaultdict(Decimal)
    reached: dict[date, int] = {}
    for month in {order.date.replace(day=1) for order in first.values()}:
        reached[month] = (LAST_DAY - month.replace(day=monthrange(month.year, month.month)[1])).days - 30
    for order in first.values():
        for channel in ("", order.channel):
            buyers[order.date.replace(day=1), channel] += 1
    for order in truth:
        if order.buyer is not None:
            start = first[order.buyer]
            month = start.date.replace(day=1)
            for age in AGES:
                if (order.date - start.date).days <= age <= reached[month]:
                    for channel in ("", start.channel):
                        value[month, channel, age] += order.kept
    expected = {
        (month, channel, age): (count, pytest.approx(float(value[month, channel, age]) / count, rel=1e-12))
        for (month, channel), count in buyers.items()
        for age in AGES
        if age <= reached[month]
    }
    found = con.execute(
        "select cohort_month, channel, age_days, buyers, value_per_buyer from marts.buyer_payback"
    ).fetchall()
    assert {row[:3]: row[3:] for row in found} == expected
    assert len(found) == len(expected) > 100
    assert max(age for _, _, age in expected) == 120, "January has reached 139 days, so no row of 180"


def test_who_has_a_cost_and_when_it_is_back(made: tuple[Connection, list[Order]]) -> None:
    con, _ = made
    found = con.execute("select distinct channel, validity, payback_status from marts.buyer_payback").fetchall()
    assert {channel for channel, validity, _ in found if validity == "ok"} == {*PAID, ""}
    assert {row[1:] for row in found if row[0] == UNPLACED} == {("unattributed", "no_cost")}
    assert {row[1:] for row in found if row[0] == "email"} == {("missing_spend", "no_cost")}
    wrong = con.execute(
        "select p.* from marts.buyer_payback as p join steps.buyer_value as v "
        "using (platform, channel, partnership_id, cohort_month) where "
        "(v.age_days < p.payback_day and v.net_revenue / v.buyers >= p.cost_per_buyer) "
        "or (v.age_days = p.payback_day and v.net_revenue / v.buyers < p.cost_per_buyer) "
        "or (p.payback_day is null and v.net_revenue / v.buyers >= p.cost_per_buyer)"
    ).fetchall()
    assert wrong == []


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Ann of January, won by ads at a cost of 40, buys for 100; an old buyer orders every fifth day until June."""
    made = Shop(tmp_path, platform="shop", currency="CNY", wanted=("marts.buyer_payback",))
    spend = "platform,date,channel,currency,marketing_spend\nshop,2025-01-01,ads,CNY,40\nshop,2025-01-02,ads,CNY,0\n"
    (made.settings.inbox / "spend.csv").write_text(spend, encoding="utf-8")
    days = (date(2024, 12, 31) + timedelta(5 * n) for n in range(33))
    old = [f"shop,old{day},{day} 10:00:00,old,mail,1,CNY,placed" for day in days]
    made.deliver("orders.csv", ORDER, "shop,1,2025-01-01 10:00:00,ann,ads,100,CNY,placed", *old)
    return made


ORDER = "platform,event_id,event_time,buyer_id_hash,channel,amount,currency,status"
PAID_BACK = "select distinct value_kind, value_per_buyer, payback_day from marts.buyer_payback where channel = 'ads'"


def test_a_margin_in_percent_is_refused_and_changes_nothing(shop: Shop) -> None:
    assert shop.rows(PAID_BACK) == [("net_revenue", 100, 0)]
    rates = "platform,channel,valid_from,rate\nshop,,2025-01-01,40\n"
    (shop.settings.inbox / "margin.csv").write_text(rates, encoding="utf-8")
    (load,) = load_inbox(shop.con, shop.settings, NOW.replace(year=2027), progress=lambda _: None)
    assert load.status == "refused"
    (reason,) = shop.con.execute("select reason from audit.quarantine where superseded_at is null").fetchone() or ("",)
    assert "write 40 % as 0.4" in reason
    assert shop.rows("select count(*) from core.margin_rate") == [(0,)]


def test_a_margin_turns_the_value_into_contribution(shop: Shop) -> None:
    """By hand: of 100 a margin of 0.4 leaves 40, which is the cost: paid back on the first day; 0.39 leaves 39."""
    header = "platform,channel,valid_from,rate"
    shop.deliver("margin.csv", header, "shop,,2024-01-01,0.4")
    assert shop.rows(PAID_BACK) == [("contribution_margin", 40, 0)]
    shop.deliver("own.csv", header, "shop,ads,2025-01-01,0.39")
    assert shop.rows(PAID_BACK) == [("contribution_margin", 39, None)]
    shop.deliver("late.csv", header, "shop,ads,2025-01-02,0.9")  # an order keeps the rate of its day
    assert shop.rows(PAID_BACK) == [("contribution_margin", 39, None)]


def test_money_without_a_rate_is_no_value(shop: Shop) -> None:
    shop.deliver("abroad.csv", ORDER, "shop,3,2025-02-10 10:00:00,ann,ads,900,USD,placed")
    found = shop.rows(
        "select age_days, value_per_buyer, payback_day, payback_status, flags from marts.buyer_payback "
        "where channel = 'ads' and age_days in (30, 60) order by 1"
    )
    flags = ["no_rate", "small_n"]
    assert found == [(30, 100, 0, "paid_back", flags), (60, None, 0, "paid_back", flags)]
