"""Rows of one key: which of them counts, in a file and over files; a row without a currency stands for any."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from etl.checks.suite import load_suite
from etl.config import ROOT
from etl.contracts import PLATFORM_METRIC_DAILY
from tests.support.inbox_files import Inbox, inbox_in

pytestmark = pytest.mark.slow

HEADER = "platform,date,account,currency,marketing_spend,clicks"
ORDERS = "platform,event_id,event_time,buyer_id_hash,amount,currency,status"
SPENT = "account, currency, marketing_spend::varchar, clicks"
REPEATED = "has the key of an earlier row of this file, which stands; keep one"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path / "home")


def row(account: str, currency: str, spend: str = "", clicks: str = "1") -> str:
    return f"pdd,2025-01-01,{account},{currency},{spend},{clicks}"


def delivered(inbox: Inbox, name: str, *rows: str) -> str:
    """What became of a file of these rows."""
    inbox.csv(name, rows, HEADER)
    (load,) = inbox.load()
    return load.status


def test_two_currencies_of_an_account_and_two_accounts_stand_beside_each_other(inbox: Inbox) -> None:
    delivered(inbox, "a", row("one", "USD", "1420.50"), row("one", "EUR", "99.00"), row("two", "USD", "7.000001"))
    assert inbox.rows(SPENT) == [
        ("one", "EUR", "99.000000", 1),
        ("one", "USD", "1420.500000", 1),
        ("two", "USD", "7.000001", 1),
    ]
    assert inbox.set_aside() == []


def test_an_account_delivered_twice_restates(inbox: Inbox) -> None:
    delivered(inbox, "a", row("one", "USD", "1420.50"), row("two", "USD", "7"))
    delivered(inbox, "b", row("one", "USD", "1420.50"), row("two", "USD", "-3.5"))
    assert inbox.rows(SPENT) == [("one", "USD", "1420.500000", 1), ("two", "USD", "-3.500000", 1)]
    assert inbox.rows("account, marketing_spend", "raw.platform_metric_daily_history") == [("two", Decimal(7))]


@pytest.mark.parametrize(
    ("older", "newer", "counts"),
    [
        (["USD", "EUR"], [""], [""]),  # speaks of the whole day
        ([""], ["USD", "EUR"], ["EUR", "USD"]),
        (["USD", "EUR"], ["USD"], ["EUR", "USD"]),
        ([""], [""], [""]),
    ],
)
def test_a_row_without_currency_replaces_any_and_is_replaced_by_any(
    inbox: Inbox, older: list[str], newer: list[str], counts: list[str]
) -> None:
    delivered(inbox, "a", *(row("one", currency) for currency in older), row("two", "USD"))
    delivered(inbox, "b", *(row("one", currency, clicks="2") for currency in newer))
    found = "coalesce(currency, ''), clicks"
    of_one = f"{found} from core.platform_metric_daily where account = 'one'"
    assert [currency for currency, _ in inbox.con.execute(f"select {of_one} order by 1").fetchall()] == counts
    gone = len(older) + len(newer) - len(counts)
    assert inbox.rows("count(*)", "raw.platform_metric_daily_history") == [(gone,)]
    assert inbox.rows("count(*)", "core.platform_metric_daily where account = 'two'") == [(1,)]


@pytest.mark.parametrize(
    ("currencies", "aside"),
    [
        (["USD", "EUR", ""], [4]),
        (["", "USD", "EUR", "USD"], [3, 4, 5]),
        (["USD", "", "EUR", "EUR"], [3, 5]),  # what was set aside keeps nobody out
        (["", ""], [3]),
        (["USD", "EUR", "USD"], [4]),
    ],
)
@pytest.mark.parametrize("broken", [False, True], ids=["fast", "strict"])
def test_the_first_row_of_a_key_stands(inbox: Inbox, currencies: list[str], aside: list[int], broken: bool) -> None:
    others = [row(f"account {number}", "USD") for number in range(20)]
    lines = [
        *(row("one", currency) for currency in currencies),
        *others,
        *([row("odd", "USD", "1x")] if broken else []),
    ]
    delivered(inbox, "a", *lines)
    assert [line for line, _, _, reason in inbox.set_aside() if reason == REPEATED] == aside


def test_a_file_read_again_does_not_count_before_one_that_replaced_it(inbox: Inbox) -> None:
    """Of USD, then a row without currency, then EUR the last one counts alone, also when the first is read again."""
    delivered(
        inbox, "a", row("one", "USD", "5"), "unknown,2025-01-01,,USD,1,1", *(row(f"x{n}", "USD") for n in range(5))
    )
    delivered(inbox, "b", row("one", "", clicks="2"))
    delivered(inbox, "c", row("one", "EUR", "7"))
    inbox.replay("a")
    of_one = "core.platform_metric_daily where account = 'one'"
    assert inbox.rows("currency, marketing_spend", of_one) == [("EUR", Decimal(7))]


def test_a_row_that_a_file_read_again_no_longer_has_goes(inbox: Inbox) -> None:
    """The registry forgets a platform: the row of it that counted is withdrawn, the others stay."""
    rows = [f"{platform},2025-01-01,one,,,{n}" for n, platform in enumerate(["pdd", "jd"])]
    delivered(inbox, "a", *rows, *(row(f"x{number}", "USD") for number in range(9)))
    inbox.con.execute("delete from core.platform where platform = 'jd'")
    (load,) = inbox.replay("a")
    assert (load.rows_quarantined, inbox.rows("platform", "raw.platform_metric_daily_history")) == (1, [("jd",)])
    assert inbox.rows("count(*)") == [(10,)]


def test_an_order_of_another_platform_has_a_key_of_its_own(inbox: Inbox) -> None:
    inbox.csv(
        "a", ["pdd,#1001,2025-01-01 10:00:00,ann,10,CNY,placed", "jd,#1001,2025-01-01 11:00:00,,5,CNY,placed"], ORDERS
    )
    inbox.csv("b", ["pdd,#1001,2025-01-01 10:00:00,ann,10,CNY,refunded"], ORDERS)
    assert [load.status for load in inbox.load()] == ["loaded", "loaded"]
    found = inbox.rows("platform, event_id, buyer_id_hash is null, status", "core.order_event")
    assert found == [("jd", "#1001", True, "placed"), ("pdd", "#1001", False, "refunded")]


def test_of_a_landing_page_only_what_names_the_campaign_is_kept(inbox: Inbox) -> None:
    pages = {
        "https://shop.example/a?utm_source=x&email=ann@example.org&UTM_Medium=y;mail=b#top": (
            "https://shop.example/a?utm_source=x&UTM_Medium=y"
        ),
        "/p?mail=ann%40example.org": "/p",
        "/p#x?utm_source=y": "/p",
        f"/{'p' * 500}?utm_id=1": f"/{'p' * 500}?utm_id=1",
        "/": "/",
    }
    lines = [f"pdd,e{n},2025-01-01 10:00:00,ann,10,CNY,placed,{page}" for n, page in enumerate(pages)]
    inbox.csv("a", lines, f"{ORDERS},landing_page")
    assert [load.status for load in inbox.load()] == ["loaded"]
    assert inbox.rows("landing_page", "core.order_event") == sorted((page,) for page in pages.values())


def test_more_cannot_be_refunded_than_the_order_was_worth(inbox: Inbox) -> None:
    lines = [
        f"pdd,e{n},2025-01-01 10:00:00,ann,10,CNY,placed,{refunded}" for n, refunded in enumerate(["", 0, 4.5, 10, 11])
    ]
    inbox.csv("a", lines, f"{ORDERS},refunded")
    inbox.load()
    assert [(line, column) for line, column, _, _ in inbox.set_aside()] == [(6, "refunded")]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (f"{ORDERS},source", "'source' seems to be its order_source"),
        (f"{ORDERS},channel,utm_source", "'utm_source' seems to be its order_source"),
        (f"{ORDERS},order_number", "'order_number' seems to be its transaction_id"),
        (f"{ORDERS},refund_amount", "'refund_amount' seems to be its refunded"),
        (f"{HEADER},conversions", "'conversions' seems to be its reported_orders"),
        (f"{HEADER},orders,purchases", "'purchases' seems to be its reported_orders"),
        ("platform,date,currency,ad_clicks", "'ad_clicks' seems to be its clicks"),
        ("platform,date,currency,account_id,orders", "'account_id' seems to be its account"),
    ],
)
def test_a_column_under_another_name_is_told(inbox: Inbox, columns: str, told: str) -> None:
    assert told in inbox.one("a", f"{columns}\n{',' * columns.count(',')}\n").reason


@pytest.mark.parametrize("column", ["order_date", "orders_total"])
def test_a_further_column_that_only_shares_a_word_is_kept(inbox: Inbox, column: str) -> None:
    inbox.csv("a", ["pdd,2025-01-01,3,x"], f"platform,date,orders,{column}")
    assert [load.status for load in inbox.load()] == ["loaded"]
    assert inbox.rows("extra") == [({column: "x"},)]


def broken(inbox: Inbox, name: str) -> list[tuple[object, ...]]:
    """The rows of the delivered table that an expectation of its suite names."""
    suite = load_suite(ROOT / "expectations", PLATFORM_METRIC_DAILY.table)
    [query] = [one.kwargs["unexpected_rows_query"] for one in suite.expectations if one.name == name]
    return inbox.con.execute(query.format(batch=PLATFORM_METRIC_DAILY.table)).fetchall()


def test_spend_with_and_without_an_account_is_told(inbox: Inbox) -> None:
    delivered(inbox, "a", row("", "USD", "100"), row("one", "USD", "60"), row("two", "EUR", "40"))
    (told,) = broken(inbox, "spend_stands_with_accounts_or_without")
    assert told[-2:] == (Decimal(100), Decimal(100))
    delivered(inbox, "b", row("", "", clicks="5"))
    assert broken(inbox, "spend_stands_with_accounts_or_without") == []


def test_a_row_without_currency_beside_another_fails_the_suite(inbox: Inbox) -> None:
    delivered(inbox, "a", row("one", "USD"), row("two", ""))
    assert broken(inbox, "no_row_without_currency_beside_another") == []
    inbox.con.execute("update core.platform_metric_daily set account = 'one'")
    assert len(broken(inbox, "no_row_without_currency_beside_another")) == 1


def test_the_word_for_orders_that_nothing_places_is_no_channel_of_an_order(inbox: Inbox) -> None:
    """A row with it is set aside; it would stop every platform otherwise."""
    header = "event_id,event_time,platform,channel,amount,currency,status"
    lines = [f"e{n},2025-01-01 10:00:00,pdd,ads,1,CNY,placed" for n in range(9)]
    inbox.csv("orders.csv", [*lines, "e9,2025-01-01 10:00:00,pdd,Unattributed,1,CNY,placed"], header)
    (load,) = inbox.load()
    assert (load.status, load.rows_loaded) == ("partly_loaded", 9)
    assert [(line, column) for line, column, *_ in inbox.set_aside()] == [(11, "channel")]


def test_a_rule_that_would_fit_nothing_is_set_aside(inbox: Inbox) -> None:
    """A star before the end, and a reporter of a trace that stands in the order; a star alone fits anything."""
    header = "platform,rank,evidence,reporter,value,channel,valid_from"
    sound = [f"pdd,{n},coupon,,C{n}*,friends,2025-01-01" for n in range(1, 9)]
    wrong = ["pdd,9,coupon,,C*9,friends,2025-01-01", "pdd,9,coupon,ga4,C9,friends,2025-01-01"]
    inbox.csv("rules.csv", [*sound, "pdd,9,touch_source,awin,*,affiliate,2025-01-01", *wrong], header)
    (load,) = inbox.load()
    assert (load.status, load.rows_loaded) == ("partly_loaded", 9)
    assert [(line, column) for line, column, *_ in inbox.set_aside()] == [(11, "value"), (12, "reporter")]
