"""Payback of a made shop with planted truth, by channel: devices of one buyer, guests, partial refunds, cancellations.

What is expected is worked out here from the truth, without SQL of the product.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Sequence
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
    differing = con.execute("select * from marts.buyer_payback as p where list_contains(p.flags, 'counts_differ')")
    assert differing.fetchall() == [], "the team delivers no buyers of its own: the cost divides by those of the cohort"
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


def spending_shop(home: Path, orders: Sequence[str], feeds: Sequence[str]) -> Shop:
    """January to June: each of `feeds` spends 10 USD a day, an old buyer orders every day, and these orders."""
    made = Shop(home, platform="shop", currency="USD", wanted=("marts.buyer_payback",))
    days = [date(2025, 1, 1) + timedelta(n) for n in range(181)]
    spend = [f"shop,{day},{channel},USD,10" for day in days for channel in feeds]
    old = [f"shop,old{day},{day} 09:00:00,old,mail,1,USD,placed" for day in (date(2024, 12, 31), *days)]
    if spend:
        text = "\n".join(["platform,date,channel,currency,marketing_spend", *spend, ""])
        (made.settings.inbox / "spend.csv").write_text(text, encoding="utf-8")
    made.deliver("orders.csv", ORDER, *orders, *old)
    return made


# The spend of March is known, and none of its new buyers ordered in tenge.
IN_TENGE = "shop,kzt,2025-03-10 10:00:00,b1,ads,5000,KZT,placed"
MARCH = (
    "select distinct channel, spend, cost_per_buyer, round(cost_low, 3), validity, payback_status, flags "
    "from marts.buyer_payback where cohort_month = date '2025-03-01' and channel in ('', 'ads', 'social') order by 1"
)


def buyer_of(month: int) -> str:
    return f"shop,o{month},2025-{month:02}-05 10:00:00,b{month},ads,20,USD,placed"


def test_an_order_without_a_rate_leaves_the_cost_of_its_month(tmp_path: Path) -> None:
    """By hand: 31 days of 10 are 310 for one new buyer; at least 310 / 5.5716, as 5.5716 is the upper end for one."""
    shop = spending_shop(tmp_path, [*map(buyer_of, range(1, 7)), IN_TENGE], ["ads"])
    cost = (310, 310, 55.639, "ok", "not_yet", ["small_n"])
    assert shop.rows(MARCH) == [("", *cost), ("ads", *cost)]
    of_january = shop.rows(
        "select distinct spend, payback_day, payback_status, flags from marts.buyer_payback "
        "where cohort_month = date '2025-01-01' and channel = 'ads'"
    )
    assert of_january == [(310, None, "not_known", ["no_rate", "small_n"])]


def test_a_month_without_buyers_says_so_in_every_channel_that_spent(tmp_path: Path) -> None:
    """By hand: nobody for 310 is at least 310 / 3.689, for the 620 of both channels at least 620 / 3.689."""
    orders = [buyer_of(month) for month in range(1, 7) if month != 3]
    shop = spending_shop(tmp_path, [*orders, IN_TENGE], ["ads", "social"])
    why = ("no_new_buyers", "no_buyers", ["small_n"])
    assert shop.rows(MARCH) == [
        ("", 620, None, 168.073, *why),
        ("ads", 310, None, 84.036, *why),
        ("social", 310, None, 84.036, *why),
    ]


def test_spend_without_a_rate_is_no_cost_and_says_so(tmp_path: Path) -> None:
    shop = spending_shop(tmp_path, [*map(buyer_of, range(1, 7))], [])
    shop.deliver(
        "tenge.csv", "platform,date,channel,currency,marketing_spend",
        "shop,2025-03-01,ads,KZT,5000", "shop,2025-03-01,social,KZT,7",
    )  # fmt: skip
    found = shop.rows(MARCH)
    assert {row[0] for row in found} == {"", "ads", "social"}, "social won nobody, and its spend is not known"
    assert {(row[1], row[2], row[4]) for row in found} == {(None, None, "missing_spend")}
    assert all("no_rate" in row[-1] for row in found)


def test_a_value_that_equals_the_cost_has_reached_it(shop: Shop) -> None:
    """By hand: 12 buyers of 1.14 against 5.70 for 5 new buyers as the team counts them: 1.14 each."""
    orders = [f"shop,p{n},2025-02-01 10:00:00,p{n},live,1.14,CNY,placed" for n in range(12)]
    told = "shop,2025-02-01,live,CNY,5,5.70\nshop,2025-02-02,live,CNY,0,0"
    (shop.settings.inbox / "live.csv").write_text(
        f"platform,date,channel,currency,new_buyers,marketing_spend\n{told}\n", encoding="utf-8"
    )
    shop.deliver("live_orders.csv", ORDER, *orders)
    found = shop.rows(
        "select distinct buyers, new_buyers, payback_day, flags from marts.buyer_payback where channel = 'live'"
    )
    assert found == [(12, 5, 0, ["counts_differ", "small_n"])]
    assert 5.70 / 5 > 12 * 1.14 / 12, "as doubles they differ"


def test_what_the_least_favourable_cost_needs_is_not_known(shop: Shop) -> None:
    """Paid back on the first day; whether the dearest cost is, an order of day 40 without a rate leaves open."""
    shop.deliver("abroad.csv", ORDER, "shop,3,2025-02-10 10:00:00,ann,ads,900,USD,placed")
    found = shop.rows("select distinct payback_day, payback_high, flags from marts.buyer_payback where channel = 'ads'")
    assert found == [(0, None, ["no_rate", "small_n"])]


def test_days_without_orders_have_no_new_buyers_once_they_are_delivered(tmp_path: Path) -> None:
    """A shop with an order a month: silence of a month is not 0, and what the page says to deliver makes it 0."""
    shop = Shop(tmp_path, platform="shop", currency="USD", wanted=("marts.buyer_payback",))
    days = [date(2025, 1, 1) + timedelta(n) for n in range(181)]
    spend = [f"shop,{day},ads,USD,10" for day in days]
    (shop.settings.inbox / "spend.csv").write_text(
        "\n".join(["platform,date,channel,currency,marketing_spend", *spend, ""]), encoding="utf-8"
    )
    shop.deliver("orders.csv", ORDER, *map(buyer_of, range(1, 7)))
    assert {row[4] for row in shop.rows(MARCH)} == {"missing_new_buyers"}
    quiet = [f"shop,{day},{channel},till,USD,0,0" for day in days if day.day != 5 for channel in ("", "ads")]
    shop.deliver("quiet.csv", "platform,date,channel,account,currency,orders,new_buyers", *quiet)
    assert {row[:3] for row in shop.rows(MARCH)} == {("", 310, 310), ("ads", 310, 310)}
