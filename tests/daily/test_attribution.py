"""Rules, touches and names that come later: what is placed anew, what is told, and what is built for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from assets.checks import describe
from etl.build import BuildResult
from etl.checks.run import checked, run
from etl.checks.suite import load_suite
from etl.config import ROOT
from etl.daily.build import DailyResult
from etl.daily.due import DELIVERED, EVERYTHING, validate_rows
from tests.support.shop import Shop

ORDER = "event_id,event_time,platform,buyer_id_hash,amount,currency,status,order_source,transaction_id"
RULE = "platform,rank,evidence,value,channel,valid_from"
WANTED = ("core.daily_metric", "marts.attribution_moved", "marts.attribution_day")


def channels(shop: Shop) -> dict[str, str]:
    """The channel of each order."""
    return dict(shop.rows("select event_id, channel from core.order_attribution where basis = 'last_touch'"))


def warned(built: Mapping[str, BuildResult]) -> dict[str, str | None]:
    """The checks that did not hold, each with the place of the rows that broke it."""
    checks = [check for result in built.values() for check in result.checks]
    return {check.name: check.place for check in checks if not check.success}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path, platform="shop", currency="CNY", wanted=WANTED)
    days = [f"2025-03-{n:02d} 09:00:00" for n in (1, 2, 20)]
    orders = [f"e{n},{day},shop,b{n},10,CNY,placed,demo,t{n}" for n, day in enumerate(days)]
    made.deliver("orders.csv", ORDER, *orders)
    return made


def days_built(result: BuildResult) -> list[date]:
    assert isinstance(result, DailyResult)
    return sorted(result.days)


def test_without_rules_every_order_is_unattributed_and_none_is_lost(shop: Shop) -> None:
    assert channels(shop) == dict.fromkeys(("e0", "e1", "e2"), "unattributed")
    found = shop.rows("select channel, sum(orders) from core.daily_metric group by channel order by 1")
    assert found == [("", 3), ("unattributed", 3)]
    assert shop.rows("select sum(unattributed_share) from marts.attribution_day") == [(3.0,)]


def test_a_changed_rule_places_all_orders_anew_and_tells_what_moved(shop: Shop) -> None:
    shop.deliver("rule.csv", RULE, "shop,1,order_source,demo,search,2025-03-02")
    assert channels(shop) == {"e0": "unattributed", "e1": "search", "e2": "search"}
    assert shop.rows("from marts.attribution_moved") == []  # the first rules change none
    shop.deliver("rule_2.csv", RULE, "shop,1,order_source,demo,google_ads,2025-03-02")
    assert channels(shop) == {"e0": "unattributed", "e1": "google_ads", "e2": "google_ads"}
    moved = "select date, channel_before, channel, orders, gmv from marts.attribution_moved order by 1"
    days = (date(2025, 3, 2), date(2025, 3, 20))
    assert shop.rows(moved) == [(day, "search", "google_ads", 1, 10) for day in days]
    figures = shop.rows("select channel, sum(orders), sum(new_buyers) from core.daily_metric group by 1 order by 1")
    assert figures == [("", 3, 3), ("google_ads", 2, 2), ("unattributed", 1, 1)]
    ended = "shop,1,order_source,demo,google_ads,2025-03-02,2025-03-10"
    shop.deliver("rule_3.csv", f"{RULE},valid_to", ended)
    assert channels(shop) == {"e0": "unattributed", "e1": "google_ads", "e2": "unattributed"}
    assert shop.rows(moved) == [(days[1], "google_ads", "unattributed", 1, 10)]


def test_a_late_touch_rebuilds_the_days_beside_it_only(shop: Shop) -> None:
    shop.deliver("rule.csv", RULE, "shop,1,touch_source,newsletter,email,2025-01-01")
    touch = "platform,reporter,transaction_id,touched_at,source"
    results = shop.deliver("touch.csv", touch, "shop,ga4,t2,2025-03-21 00:10:00,Newsletter")
    assert channels(shop) == {"e0": "unattributed", "e1": "unattributed", "e2": "email"}
    assert days_built(results["core.order_attribution"]) == [date(2025, 3, n) for n in (20, 21, 22)]
    assert days_built(results["core.order_day"]) == [date(2025, 3, 20)]


def test_an_order_of_ga4_beside_the_shops_neither_replaces_nor_adds_one(shop: Shop) -> None:
    """Whichever came first; one that the shop does not have counts until the shop delivers it."""
    recorded = f"{ORDER},recorder"
    lines = [
        f"ga4:t{n},2025-03-{day} 23:59:00,shop,browser,11,USD,placed,(direct),t{n},ga4" for n, day in ((2, 20), (7, 21))
    ]
    shop.deliver("ga4.csv", recorded, *lines)
    assert sorted(channels(shop)) == ["e0", "e1", "e2", "ga4:t7"]
    assert shop.rows("select sum(doubled_orders), sum(orders) from marts.attribution_day") == [(1, 4)]
    assert shop.rows("select event_id, amount from core.order_event where event_id = 'e2'") == [("e2", 10)]
    shop.deliver("late.csv", ORDER, "e7,2025-03-22 00:01:00,shop,b7,10,CNY,placed,demo,t7")
    assert sorted(channels(shop)) == ["e0", "e1", "e2", "e7"]
    found = shop.rows("select sum(orders), sum(new_buyers) from core.daily_metric where channel = ''")
    assert found == [(4, 4)]


def test_two_identifiers_are_one_buyer_once_it_is_declared(shop: Shop) -> None:
    count = "select sum(new_buyers) from core.daily_metric where channel = ''"
    assert shop.rows(count) == [(3,)]
    shop.deliver("same.csv", "platform,buyer_id_hash,same_as,valid_from", "shop,b0,b2,2025-04-01")
    assert shop.rows(count) == [(2,)]


def test_a_name_of_a_channel_counts_for_orders_and_figures(shop: Shop) -> None:
    shop.deliver("rule.csv", RULE, "shop,1,order_source,demo,facebook_ads,2025-01-01")
    spend = "platform,date,channel,currency,marketing_spend"
    shop.deliver("spend.csv", spend, "shop,2025-03-01,facebook_ads,CNY,5", "shop,2025-03-01,meta_ads,CNY,7")
    name = "platform,delivered_channel,counts_as,valid_from"
    shop.deliver("name.csv", name, "shop,facebook_ads,meta_ads,2025-01-01")
    assert set(channels(shop).values()) == {"meta_ads"}
    found = shop.rows(
        "select channel, orders, marketing_spend from core.daily_metric where date = '2025-03-01' order by 1"
    )
    assert found == [("", 1, None), ("meta_ads", 1, 12)]


def test_an_order_that_two_systems_recorded_counts_once(shop: Shop) -> None:
    """The earlier one counts, whatever the capitals of the identifier; the shop's own goes before both."""
    lines = [
        "ga4:1,2025-03-05 10:00:00,shop,browser,11,USD,placed,(direct),T8,ga4",
        "ga4:2,2025-03-05 10:05:00,shop,browser,11,USD,placed,(direct),t8,ga4",
        "awin:1,2025-03-06 00:05:00,shop,,11,USD,placed,blog,t8,awin",
        "awin:2,2025-03-02 10:00:00,shop,,11,USD,placed,blog,T1,awin",
    ]
    shop.deliver("recorded.csv", f"{ORDER},recorder", *lines)
    assert sorted(channels(shop)) == ["e0", "e1", "e2", "ga4:1"]


def test_of_two_rules_for_the_same_the_one_that_began_last_holds(shop: Shop) -> None:
    older = "shop,1,order_source,demo,google_ads,2025-01-01"
    shop.deliver("rules.csv", RULE, older, "shop,1,order_source,Demo,google_brand,2025-03-10")
    assert channels(shop) == {"e0": "google_ads", "e1": "google_ads", "e2": "google_brand"}
    shop.deliver("back.csv", f"{RULE},valid_to", "shop,1,order_source,Demo,google_brand,2025-03-10,2025-03-09")
    assert set(channels(shop).values()) == {"google_ads"}


@pytest.mark.parametrize("spends", [range(10, 30), range(1, 11)], ids=["begins later", "stops"])
def test_a_platform_has_no_cost_where_a_channel_with_orders_tells_no_spend(tmp_path: Path, spends: range) -> None:
    """29 days, each with 10 for one new buyer by search and 10 for one by ads: a buyer costs 10, or nobody knows."""
    shop = Shop(tmp_path, platform="shop", currency="CNY", wanted=("marts.channel_cost",))
    orders = [
        f"{day}-{channel},2025-11-{day:02d} 10:00:00,shop,{channel},b{day}-{channel},10,CNY,placed"
        for day in range(1, 30)
        for channel in ("ads", "search")
    ]
    shop.deliver("orders.csv", "event_id,event_time,platform,channel,buyer_id_hash,amount,currency,status", *orders)
    spent = [f"shop,2025-11-{day:02d},search,CNY,10" for day in range(1, 30)]
    spent += [f"shop,2025-11-{day:02d},ads,CNY,10" for day in spends]
    shop.deliver("spend.csv", "platform,date,channel,currency,marketing_spend", *spent)
    months = "from marts.channel_cost where span = 'month' and channel in ('', 'search') order by channel"
    assert shop.rows(f"select channel, cac, validity, blended_cac {months}") == [
        ("", None, "missing_spend", None),
        ("search", 10, "ok", None),
    ]
    # More than a week before its first row nobody can tell that the channel spends.
    weeks = (
        "from marts.channel_cost where span = 'week' and channel = '' and cac is not null and first_day > '2025-11-01'"
    )
    assert all(cost == 10 for (cost,) in shop.rows(f"select cac {weeks}"))


def test_two_rules_that_differ_in_capitals_alone_stop_nothing(tmp_path: Path) -> None:
    """With the checks of the tables: the rules are of one rank, and one of them places the order."""
    shop = Shop(tmp_path, platform="shop", currency="CNY", wanted=("core.order_attribution",), check=run)
    shop.deliver("orders.csv", ORDER, "e1,2025-03-01 09:00:00,shop,b1,10,CNY,placed,,T1")
    touch = "platform,reporter,transaction_id,touched_at,source"
    shop.deliver("touch.csv", touch, "shop,Ga4,t1,2025-03-01 09:00:00,Bing")
    rules = [
        f"shop,1,touch_source,{reporter},bing,{channel},2025-01-01"
        for reporter, channel in (("GA4", "a"), ("ga4", "b"))
    ]
    shop.deliver("rules.csv", "platform,rank,evidence,reporter,value,channel,valid_from", *rules)
    assert channels(shop)["e1"] in ("a", "b")


def test_a_channel_of_guests_alone_has_no_count_and_the_channels_are_the_platform(tmp_path: Path) -> None:
    """1 March: ads has two guests, so what it won is not known; email has ann, a guest and bob; 2 March: all are told.

    The platform has 5 orders with the 2 new buyers who are known, all of them by email; 40 was spent.
    """
    wanted = ("core.term", "marts.channel_cost", "marts.partnership_day")
    shop = Shop(tmp_path, platform="shop", currency="CNY", wanted=wanted, check=run)
    first_day = (("ads", ""), ("ads", ""), ("email", "ann"), ("email", ""), ("email", "bob"))
    placed = [(1, *order) for order in first_day] + [(2, "ads", "cem"), (2, "email", "dan")]
    lines = [
        f"e{number},2025-03-0{day} 09:00:00,shop,{channel},{buyer},10,CNY,placed"
        for number, (day, channel, buyer) in enumerate(placed)
    ]
    shop.deliver("orders.csv", "event_id,event_time,platform,channel,buyer_id_hash,amount,currency,status", *lines)
    spent = [
        f"shop,2025-03-0{day},{name},CNY,{spend}" for day in (1, 2) for name, spend in (("ads", 30), ("email", 10))
    ]
    shop.deliver("spend.csv", "platform,date,channel,currency,marketing_spend", *spent)
    figures = "channel, new_buyers, orders, orders_without_buyer, cac, validity, blended_cac"
    flagged = "list_contains(flags, 'orders_without_buyer')"
    of_day = f"select {figures}, {flagged} from marts.channel_cost where span = 'day' and date ="
    assert shop.rows(f"{of_day} '2025-03-01' order by channel") == [
        ("", 2, 5, 3, 20, "ok", 20, True),
        ("ads", None, 2, 2, None, "missing_new_buyers", 20, True),
        ("email", 2, 3, 1, 5, "ok", 20, True),
        ("unattributed", 0, 0, 0, None, "unattributed", 20, False),
    ]
    assert shop.rows(f"{of_day} '2025-03-02' and channel in ('ads', 'email') order by channel") == [
        ("ads", 1, 1, 0, 30, "ok", 20, False),
        ("email", 1, 1, 0, 10, "ok", 20, False),
    ]
    month = "select channel, new_buyers, validity from marts.channel_cost where span = 'month' order by channel"
    assert shop.rows(month)[:3] == [("", 4, "ok"), ("ads", None, "missing_new_buyers"), ("email", 3, "ok")]


def test_a_file_without_a_channel_says_what_to_do(tmp_path: Path) -> None:
    """An export of 300 that does not say its channel becomes the total, beside 400 of ads."""
    shop = Shop(tmp_path, platform="shop", currency="CNY", wanted=("core.term", "marts.channel_cost"), check=run)
    shop.deliver("ads.csv", "platform,date,channel,currency,marketing_spend", "shop,2025-03-01,ads,CNY,400")
    built = shop.deliver("export.csv", "platform,date,currency,marketing_spend", "shop,2025-03-01,CNY,300")
    places = warned(built)
    assert places.keys() == {"channels_add_up_to_the_total", "channels_are_within_the_total"}
    assert set(places.values()) == {"shop from 2025-03-01"}
    words = [check.why for result in built.values() for check in result.checks if not check.success]
    assert all("constants: {channel: NAME}" in why and "docs/profiles.md" in why for why in words)


def test_a_check_of_a_delivered_table_names_platform_day_and_file(tmp_path: Path) -> None:
    shop = Shop(tmp_path, platform="shop", currency="CNY", wanted=("core.daily_metric",))
    spend = "platform,date,channel,account,currency,marketing_spend"
    shop.deliver("account.csv", spend, "shop,2025-03-02,ads,1,CNY,4", "shop,2025-03-01,ads,1,CNY,4")
    shop.deliver("whole.csv", spend, "shop,2025-03-02,ads,,CNY,4", "shop,2025-03-01,ads,,CNY,4")
    table = DELIVERED["core.platform_metric_daily"]
    with checked(shop.con, "run") as checks:
        validate_rows(checks, load_suite(ROOT / "expectations", table.table), table, EVERYTHING, run)
    (failed,) = (result for result in checks.results if not result.success)
    assert describe(failed).startswith("2 rows broke it (shop from 2025-03-01 in whole.csv): the spend without")
    recorded = "select check_name, place from audit.expectation_result where not success"
    assert shop.rows(recorded) == [("spend_stands_with_accounts_or_without", "shop from 2025-03-01 in whole.csv")]


def test_a_tracker_above_a_partial_export_is_told(tmp_path: Path) -> None:
    """Meta's own export has one of two campaigns, 40 of 100: the cost has 40, and row, cost and check say so."""
    wanted = ("core.term", "marts.channel_cost")
    shop = Shop(tmp_path, platform="shop", currency="CNY", wanted=wanted, check=run)
    alias = "platform,delivered_channel,account,counts_as,repeats,valid_from"
    shop.deliver("alias.csv", alias, "shop,adjust_meta,,meta_ads,true,2025-01-01")
    spent = [f"shop,2025-03-01,{name},CNY,{spend}" for name, spend in (("meta_ads", 40), ("adjust_meta", 100))]
    built = shop.deliver("spend.csv", "platform,date,channel,currency,marketing_spend", *spent)
    found = shop.rows(
        "select marketing_spend, duplicate_spend, duplicate_excess, list_contains(flags, 'larger_duplicate') "
        "from marts.channel_cost where span = 'day' and channel in ('', 'meta_ads') order by channel"
    )
    assert found == [(40, 100, 60, True)] * 2
    assert warned(built) == {"no_repetition_is_larger": "shop from 2025-03-01"}
    shop.deliver(
        "rest.csv", "platform,date,channel,account,currency,marketing_spend", "shop,2025-03-01,meta_ads,2,CNY,60"
    )
    assert shop.rows("select max(duplicate_excess) from marts.channel_cost") == [(None,)]
