"""Files under a contract of others load, or land in quarantine, as files under any contract do."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from etl.odcs.accept import accept_contract
from etl.odcs.write import text_of
from tests.odcs.test_read import SHOP
from tests.support.inbox_files import Inbox, inbox_in

HEADER = "Order no,Placed,Total,currency,status,Coupon,Customer"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    """A home that has taken the contract of a shop, whose folder chooses it."""
    inbox = inbox_in(tmp_path / "home")
    contract = deepcopy(SHOP)
    columns = {one["name"]: one for one in contract["schema"][0]["properties"]}
    columns["event_id"]["logicalTypeOptions"] = {"pattern": "^A[0-9]{4}$"}
    columns["event_time"]["logicalTypeOptions"] = {"defaultTimezone": "Europe/Berlin"}
    columns["amount"]["logicalTypeOptions"] = {"maximum": 1000}
    contract["schema"][0]["properties"] += [
        {"name": "coupon", "physicalName": "Coupon", "required": True},
        {"name": "buyer_id_hash", "physicalName": "Customer"},
        {"name": "is_simulated", "physicalName": "Test"},
    ]
    query = "select count(*) from order_event where status = 'cancelled' and amount > 0"
    contract["schema"][0]["quality"] = [
        {"type": "sql", "description": "a cancelled order has no amount", "query": query, "mustBe": 0}
    ]
    file = tmp_path / "shop.odcs.yaml"
    file.write_text(text_of(contract))
    accept_contract(inbox.settings, file, "shop_a")
    inbox.put("shop/profile.yaml", "profile: shop_a\n")
    inbox.settings = inbox.settings.model_copy(update={"bad_share": 1.0})
    return inbox


def row(number: str = "A1001", **fields: str) -> str:
    """A sound line, but for these fields."""
    values = {"Placed": "2026-02-03 14:05:00", "Total": "100.50", "currency": "EUR", "status": "placed"}
    values |= {"Coupon": "SPRING", "Customer": "ann@example.com"} | fields
    return ",".join([number, *values.values()])


def test_a_sound_file_loads_into_the_table_of_its_kind(inbox: Inbox) -> None:
    inbox.csv("shop/orders.csv", [row(), row("A1002", Customer="")], HEADER)
    (load,) = inbox.load()
    assert (load.status, load.contract, load.profile, load.rows_loaded) == ("loaded", "order_event", "shop_a", 2)
    found = inbox.rows("event_id, event_time, platform, amount, coupon, buyer_id_hash is null", "core.order_event as r")
    placed = datetime(2026, 2, 3, 13, 5)
    assert found == [
        ("A1001", placed, "pdd", Decimal("100.5000"), "SPRING", False),
        ("A1002", placed, "pdd", Decimal("100.5000"), "SPRING", True),
    ]
    assert "ann@example.com" not in str(inbox.rows("r", "core.order_event as r"))


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (row("B1003"), "Order no", "is not of the form ^A[0-9]{4}$; correct it"),
        (row(Coupon=""), "Coupon", "is empty; fill it in"),
        (row(Total="1000.50"), "Total", "is above 1000; correct it"),
        (row(currency="USD"), "currency", "is not known; write one of EUR"),
        (row(status="refunded"), "status", "is not known; write one of placed, cancelled"),
        (row(status="cancelled"), None, "a cancelled order has no amount"),
        (row(Total="-1"), "Total", "is below 0; correct it"),
        (row(Placed="2027-01-01 00:00:00"), "Placed", "lies in the future; correct it, or deliver it when it is over"),
        (row(Total="1.00005"), "Total", "is no plain number with at most 14 digits before and 4 after the point"),
    ],
)
def test_a_row_that_breaks_the_contract_is_set_aside(inbox: Inbox, line: str, column: str, reason: str) -> None:
    inbox.csv("shop/orders.csv", [row("A9999"), line], HEADER)
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (1, 1)
    ((at, found, _, told),) = inbox.set_aside()
    assert (at, found) == (3, column)
    assert told.startswith(reason) or "1.00005" in line


@pytest.mark.parametrize("at", ["2026-03-29 02:30:00", "2025-10-26T02:30"])
def test_a_time_that_clocks_skip_or_show_twice_is_set_aside(inbox: Inbox, at: str) -> None:
    inbox.now = datetime(2026, 5, 1, tzinfo=UTC)
    inbox.csv("shop/orders.csv", [row(), row("A1002", Placed=at), row("A1003", Placed=f"{at}+02:00")], HEADER)
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (2, 1)
    ((line, column, raw, reason),) = inbox.set_aside()
    assert (line, column) == (3, "Placed")
    assert f"Placed={at}, " in raw
    assert reason == (
        "is a time that clocks in Europe/Berlin skip, or show twice; deliver it with its offset, as in +01:00"
    )


def test_a_truth_that_is_none_is_set_aside_and_no_default(inbox: Inbox) -> None:
    inbox.csv("shop/orders.csv", [f"{row()},false", f"{row('A1002')},perhaps"], f"{HEADER},Test")
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (1, 1)
    ((line, column, _, reason),) = inbox.set_aside()
    assert (line, column, reason) == (3, "Test", "is neither true nor false")


def test_two_rows_of_one_key_are_no_sum(inbox: Inbox) -> None:
    inbox.csv("shop/orders.csv", [row(), row(Total="7"), row("A1002"), row("A1002")], HEADER)
    inbox.load()
    assert inbox.rows("event_id", "core.order_event as r") == [("A1002",)]
    assert {reason.partition(" in the rows")[0] for *_, reason in inbox.set_aside()} == {"has several values of Total"}


def test_each_row_at_fault_is_kept_as_the_file_has_it(inbox: Inbox) -> None:
    rows = [row(), row(Total="7"), row("A1002", Total="1000.50"), row("B1003", Customer="zoe@example.com")]
    inbox.csv("shop/orders.csv", rows, HEADER)
    inbox.load()
    placed = "Placed=2026-02-03 14:05:00"
    rest = "currency=EUR, status=placed, Coupon=SPRING"
    assert [(line, column, raw) for line, column, raw, _ in inbox.set_aside()] == [
        (2, None, f"Order no=A1001, {placed}, Total=100.50, {rest}"),
        (3, None, f"Order no=A1001, {placed}, Total=7, {rest}"),
        (4, "Total", f"Order no=A1002, {placed}, Total=1000.50, {rest}, platform=pdd"),
        (5, "Order no", f"Order no=B1003, {placed}, Total=100.50, {rest}, platform=pdd"),
    ], "the values of each line, the constant, and nothing of the buyer"


def test_a_file_without_a_column_of_the_contract_is_refused(inbox: Inbox) -> None:
    load = inbox.one(
        "shop/orders.csv", "Order no,Placed,currency,status,Coupon\nA1001,2026-02-03 14:05:00,EUR,placed,X\n"
    )
    assert load.status == "refused"
    assert "needs 'Total'" in load.reason


def test_a_contract_that_became_faulty_refuses_its_files_and_no_others(inbox: Inbox) -> None:
    path = inbox.settings.home / "profiles" / "shop_a.odcs.yaml"
    path.write_text(path.read_text().replace("version: 1.2.0", "slaProperties: [{property: latency}]"))
    inbox.csv("shop/orders.csv", [row()], HEADER)
    own = "event_id,event_time,platform,amount,currency,status\n1,2026-02-03 14:05:00,pdd,5,EUR,placed\n"
    inbox.put("own.csv", own)
    loads = {load.file: load for load in inbox.load()}
    assert loads["shop/orders.csv"].status == "refused"
    assert "slaProperties: nothing here measures it" in loads["shop/orders.csv"].reason
    assert loads["own.csv"].status == "loaded"


def test_only_a_folder_that_chooses_it_is_held_to_a_contract(inbox: Inbox) -> None:
    load = inbox.one("elsewhere/orders.csv", f"{HEADER}\n{row()}\n")
    assert (load.status, load.profile) == ("refused", "")
    told = "the profile shop_a has its columns, but reads only files whose folder of the inbox chooses it"
    assert told in load.reason
    assert "with `profile: shop_a` in its profile.yaml" in load.reason
    assert "line above the header" not in load.reason


def test_a_folder_that_chooses_a_name_which_is_none_is_told_those_like_it(inbox: Inbox) -> None:
    inbox.put("shop/profile.yaml", "profile: shop_b\n")
    load = inbox.one("shop/orders.csv", f"{HEADER}\n{row()}\n")
    assert "the profile shop_b (shop/profile.yaml), which there is not: write shop_a" in load.reason
    assert len(load.reason) < 300, "and not all of those that ship"
    inbox.put("shop/profile.yaml", "profile: zzz\n")
    (load,) = inbox.replay()
    assert "which there is not: docs/profiles.md lists those that ship" in load.reason


def test_of_many_faulty_profiles_the_first_are_told(inbox: Inbox) -> None:
    for number in range(9):
        (inbox.settings.home / "profiles" / f"bad_{number}.yaml").write_text("exporter: x\n")
    load = inbox.one("elsewhere/orders.csv", f"{HEADER}\n{row()}\n")
    assert "profile bad_2.yaml: lacks" in load.reason
    assert "bad_3" not in load.reason
    assert load.reason.endswith("and 6 more profiles are faulty")
