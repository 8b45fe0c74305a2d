"""Exports as they come, with one rule and one rate: orders of a shop meet the spend of an ad platform.

The values are worked out by hand from the two files of tests/profiles/cases.
"""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from etl.checks.run import run
from etl.config import ROOT
from tests.support.shop import Shop

CASES = ROOT / "tests" / "profiles" / "cases"
RATE = Decimal("3.6725")  # dirhams for a dollar, the peg of the Central Bank of the UAE


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    home = tmp_path_factory.mktemp("exports")
    made = Shop(home, platform="demo_shop", currency="AED", wanted=("core.term", "marts.channel_cost"), check=run)
    for case in ("google_ads/english", "shopify_orders/export"):
        shutil.copytree(CASES / case, made.settings.inbox / Path(case).parts[0])
        for further in ("case.md", "expected.csv", "says.txt"):
            (made.settings.inbox / Path(case).parts[0] / further).unlink(missing_ok=True)
    made.deliver(
        "fx.csv",
        "currency,quote_currency,period_start,period_end,rate,source",
        f"USD,AED,2026-02-01,2026-03-31,{RATE},CBUAE",
    )
    made.deliver(
        "rule.csv",
        "platform,rank,evidence,value,channel,valid_from",
        "demo_shop,1,order_source,demo,google_ads,2026-01-01",
    )
    return made


def test_orders_meet_spend(shop: Shop) -> None:
    """1 March: 1,420.50 USD, two new buyers, whose orders were cancelled, and a guest; 2 March: 98.10 USD, three."""
    found = shop.rows(
        "select date, marketing_spend, orders, new_buyers, new_buyers_kept, cac, cac_kept, reported_orders "
        "from marts.channel_cost where channel = 'google_ads' and span = 'day' and date >= '2026-03-01' order by date"
    )
    spent = [Decimal(amount) * RATE for amount in ("1420.50", "98.10")]
    assert found[0] == (date(2026, 3, 1), spent[0], 3, 2, 0, pytest.approx(float(spent[0]) / 2), None, 1009)
    cost = pytest.approx(float(spent[1]) / 3)
    assert found[1] == (date(2026, 3, 2), spent[1], 3, 3, 3, cost, cost, 1)


def test_a_cost_without_a_buyer_who_stayed_has_a_bound_and_no_number(shop: Shop) -> None:
    """Both new buyers of 1 March cancelled: by that count the cost is at least spend / 3.689, never infinity or 0."""
    (found,) = shop.rows(
        "select cac_kept, cac_kept_low, cac_kept_high from marts.channel_cost "
        "where channel = 'google_ads' and span = 'day' and date = '2026-03-01'"
    )
    assert found == (None, pytest.approx(float(Decimal("1420.50") * RATE) / 3.6888794541139354), None)


def test_the_month_and_the_dollar(shop: Shop) -> None:
    (found,) = shop.rows(
        "select new_buyers, cac, reporting_currency, cac_reporting from marts.channel_cost "
        "where channel = 'google_ads' and span = 'month' and first_day = '2026-03-01'"
    )
    assert found == (5, pytest.approx(1518.60 * 3.6725 / 5), "USD", pytest.approx(1518.60 / 5))
