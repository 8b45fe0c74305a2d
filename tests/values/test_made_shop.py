"""A shop with planted truth, from delivered files to figures by channel: every order, cent and buyer is accounted for.

What is expected is worked out here from the truth, without SQL of the product.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from etl.config import ROOT, load_settings
from etl.daily.due import mark_changed_days
from etl.inbox.load import load_inbox
from etl.reference.load import load_reference
from etl.warehouse import Connection, memory
from tests.support.building import build_needed
from tests.support.made_shop import CLAIMED, PLATFORMS, UNPLACED, make_shop
from tests.support.models import project_models

pytestmark = pytest.mark.slow

ORDERS, DAYS = 200_000, 60
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WANTED = (
    "core.term",
    "marts.channel_cost",
    "core.daily_metric",
    "marts.attribution_day",
    "marts.attribution_coverage",
    "marts.attribution_moved",
)


class Order(NamedTuple):
    """One order as it was: `who` is the identifier that it tells, `buyer` the person behind it, if anybody."""

    event_id: str
    event_time: datetime
    date: date
    buyer: int | None
    channel: str
    amount: Decimal
    status: str
    detail: int


class Shop(NamedTuple):
    """The warehouse that the files made, and the truth by order."""

    con: Connection
    truth: list[Order]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("made_shop")
    figures, truth = home / "figures", home / "truth.parquet"
    figures.mkdir()
    (figures / "platforms.csv").write_text(PLATFORMS, encoding="utf-8")
    settings = load_settings(
        {"WAREHOUSE_HOME": str(home), "WAREHOUSE_FIGURES": f"{ROOT / 'data' / 'reference'}:{figures}"}
    )
    make_shop(settings.inbox, ORDERS, DAYS, truth)
    con = memory()
    load_reference(con, settings, NOW)
    build_needed(con, "core.platform", "core.platform_ever", "core.partnership")
    loads = load_inbox(con, settings, NOW, progress=lambda _: None)
    assert {load.status for load in loads} == {"loaded"}, loads
    mark_changed_days(con, project_models())
    build_needed(con, *WANTED)
    rows = con.execute(f"select {', '.join(Order._fields)} from '{truth}'").fetchall()
    yield Shop(con, [Order(*row) for row in rows])


def rows(con: Connection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def test_the_channel_of_every_order_is_the_true_one(shop: Shop) -> None:
    found = rows(shop.con, "select event_id, channel from core.order_attribution where basis = 'last_touch'")
    assert len(found) == ORDERS  # none twice, none of those that GA4 recorded once more
    assert dict(found) == {order.event_id: order.channel for order in shop.truth}
    assert Counter(channel for _, channel in found)[UNPLACED] == pytest.approx(0.12 * ORDERS, rel=0.02)


def test_what_ga4_claims_of_the_affiliates_is_told_as_a_contradiction(shop: Shop) -> None:
    claims = "where basis = 'ga4' and channel = 'google_ads'"
    claimed = {row for (row,) in rows(shop.con, f"select event_id from core.order_attribution {claims}")}
    affiliate = {order.event_id for order in shop.truth if order.channel == "affiliate"}
    assert claimed >= affiliate
    contradicted = "select event_id from core.order_attribution where basis = 'last_touch' and is_contradicted"
    assert {row for (row,) in rows(shop.con, contradicted)} == affiliate


def test_the_channels_are_all_orders_and_all_spend_to_the_cent(shop: Shop) -> None:
    orders: Counter[date] = Counter(order.date for order in shop.truth)
    value: defaultdict[date, Decimal] = defaultdict(Decimal)
    for order in shop.truth:
        value[order.date] += order.amount
    figures = (
        "sum(orders) filter (where channel <> ''), sum(gmv) filter (where channel <> ''), "
        "sum(orders) filter (where channel = ''), sum(gmv) filter (where channel = '')"
    )
    found = rows(shop.con, f"select date, {figures} from core.daily_metric group by date order by date")
    assert found == [(day, orders[day], value[day], orders[day], value[day]) for day in sorted(orders)]
    own, copied = rows(
        shop.con,
        "select sum(marketing_spend) filter (where account = 'own'), "
        "sum(marketing_spend) filter (where account <> 'own') from core.platform_metric_daily",
    )[0]
    assert rows(shop.con, "select sum(marketing_spend), sum(duplicate_spend) from core.daily_metric") == [(own, copied)]


def test_new_buyers_are_those_of_the_truth_by_both_counts(shop: Shop) -> None:
    """A person is won once, by whichever identifier; a guest never is."""
    won: Counter[tuple[date, str]] = Counter()
    kept: Counter[tuple[date, str]] = Counter()
    for counter, orders in ((won, shop.truth), (kept, [o for o in shop.truth if o.status != "cancelled"])):
        seen: set[int] = set()
        for order in sorted(orders, key=lambda one: (one.event_time, one.event_id)):
            if order.buyer is not None and order.buyer not in seen:
                seen.add(order.buyer)
                counter[order.date, order.channel] += 1
    found = rows(
        shop.con, "select date, channel, new_buyers, new_buyers_kept from core.daily_metric where channel <> ''"
    )
    assert sum(won.values()) != sum(kept.values())
    assert {(day, channel): (new, new_kept) for day, channel, new, new_kept in found} == {
        (day, channel): (won[day, channel], kept[day, channel])
        for day, channel in {(order.date, order.channel) for order in shop.truth}
    }


def test_claims_stand_beside_the_orders(shop: Shop) -> None:
    found = rows(
        shop.con,
        "select channel, sum(reported_orders) / sum(orders) from core.daily_metric "
        "where reported_orders > 0 group by all",
    )
    assert {channel: round(ratio, 3) for channel, ratio in found} == dict.fromkeys(
        ("google_ads", "meta_ads", "tiktok_ads"), CLAIMED
    )


def test_coverage_says_what_was_placed_and_what_was_told_twice(shop: Shop) -> None:
    (found,) = rows(
        shop.con,
        "select sum(orders), sum(unattributed_orders), sum(contradicted_orders), sum(doubled_orders), "
        "sum(unknown_touches) from marts.attribution_day",
    )
    of = Counter(order.channel for order in shop.truth)
    recorded = sum(40 <= order.detail <= 69 for order in shop.truth)
    assert found == (ORDERS, of[UNPLACED], of["affiliate"], recorded, 0)
    by_rule = rows(shop.con, "select channel, sum(orders) from marts.attribution_coverage group by all")
    assert dict(by_rule) == dict(of)


def test_cost_by_channel_is_what_the_truth_gives(shop: Shop) -> None:
    """By month: spend of the channel's own export over its new buyers; the channels add up to the platform."""
    won: Counter[tuple[date, str]] = Counter()
    seen: set[int] = set()
    for order in sorted(shop.truth, key=lambda one: (one.event_time, one.event_id)):
        if order.buyer is not None and order.buyer not in seen:
            seen.add(order.buyer)
            won[order.date.replace(day=1), order.channel] += 1
    own = "from core.platform_metric_daily where account = 'own' group by all"
    delivered = rows(shop.con, f"select date_trunc('month', date)::date, channel, sum(marketing_spend) {own}")
    spent = {(month, channel): spend for month, channel, spend in delivered}
    sql = "select date_trunc('month', date)::date, channel, marketing_spend, new_buyers, cac, blended_cac, validity"
    found = {row[:2]: row[2:] for row in rows(shop.con, f"{sql} from marts.channel_cost where span = 'month'")}
    months = {month for month, _ in won}
    assert found.keys() == won.keys() | {(month, "") for month in months}
    for (month, channel), (spend, new_buyers, cac, blended, validity) in found.items():
        platform_spent = sum(amount for (of, _), amount in spent.items() if of == month)
        platform_won = sum(count for (of, _), count in won.items() if of == month)
        wanted = (spent.get((month, channel)), won[month, channel]) if channel else (platform_spent, platform_won)
        assert (spend or None, new_buyers) == wanted, (month, channel)
        assert blended == pytest.approx(float(platform_spent) / platform_won)
        if wanted[0]:
            assert (cac, validity) == (pytest.approx(float(wanted[0]) / wanted[1]), "ok")
        else:
            assert cac is None, (month, channel)


def test_the_channels_of_every_day_are_the_platform_to_the_cent(shop: Shop) -> None:
    figures = ("orders", "new_buyers", "new_buyers_kept", "marketing_spend")
    differ = ", ".join(
        f"sum({name}) filter (where channel <> '') is distinct from max({name}) filter (where channel = '')"
        for name in figures
    )
    found = rows(
        shop.con, f"select {differ} from marts.channel_cost where span = 'day' group by date having count(*) > 1"
    )
    assert found == [(False,) * len(figures)] * DAYS
