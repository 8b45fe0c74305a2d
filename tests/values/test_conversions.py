"""Costs in the reporting currency, worked out apart from the product: from the fixings of the file and printed figures.

Three shops that do not exist stand beside the reference data: one in euros, one in roubles, whose fixings (the real
ones, tests/data/rouble) end on 2022-03-01, and one whose year ends after the last fixing of the file.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from etl.config import ROOT, load_settings
from etl.warehouse import Connection
from tests.support.edgar_warehouse import REFERENCE, asked, built
from tests.support.reference_rows import DOCUMENT, FIGURE, PLATFORM, Row, write

pytestmark = pytest.mark.slow

ROUBLE = ROOT / "tests" / "data" / "rouble"
CENT = Decimal("0.01")
Rates = Mapping[str, Mapping[date, Decimal]]

# Row of marts.cac_trend; expense and buyers gained, in millions, as the documents print them; dollars for one buyer.
WORKED_OUT = {
    "pdd/whole/cac_net_12m/2018-12-31": ("13441.813", "173.7", "11.71"),
    "pdd/whole/cac_net_12m/2019-12-31": ("27174.249", "166.7", "23.60"),
    "pdd/whole/cac_net_12m/2021-12-31": ("44801.7", "80.3", "86.52"),
    "pdd/whole/cac_pooled_2y/2019-12-31": ("40616.062", "340.4", "17.66"),
    "jd/whole/cac_net_12m/2013-12-31": ("1590.171", "18.1", "14.29"),
    "alibaba/china_retail_marketplaces/cac_net_12m/2016-03-31": ("11307", "73", "24.36"),
    "alibaba/china_retail_marketplaces/cac_net_12m/2020-03-31": ("50673", "72", "101.02"),
    "pdd/whole/cac_gross_20/2020-12-31": ("41194.6", "320.24", "18.66"),
    "euro_shop/whole/cac_net_12m/2019-12-31": ("100", "1", "111.95"),
    "rouble_shop/whole/cac_net_12m/2021-12-31": ("1000", "2", "6.79"),
}


def fixings(*folders: Path) -> Rates:
    """Units of each currency for one euro, by day, as the files say."""
    rates: dict[str, dict[date, Decimal]] = {}
    for folder in folders:
        for row in csv.DictReader((folder / "euro_rates.csv").open(encoding="utf-8", newline="")):
            for fixing in row["fixings"].split():
                day, rate = fixing.split("=")
                rates.setdefault(row["currency"], {})[date.fromisoformat(f"{row['month']}-{day}")] = Decimal(rate)
    return rates


def shop(name: str, currency: str, ends: Mapping[date, tuple[str, str]], published: date) -> dict[str, list[Row]]:
    """Platform, document and figures of a shop: at each end of a year its expense and its buyers, in millions."""
    platform = {**PLATFORM, "platform": name, "reporting_currency": currency, "fiscal_year_end": f"{max(ends):%m-%d}"}
    common = {**FIGURE, "platform": name, "document_id": f"doc_{name}"}
    figures: list[Row] = []
    for end, (expense, buyers) in ends.items():
        start = end.replace(year=end.year - 1) + timedelta(days=1)
        common |= {"period_start": str(start), "period_end": str(end)}
        for metric, unit, millions in (("sm_expense", currency, expense), ("annual_active_buyers", "persons", buyers)):
            figure = {"metric": metric, "unit": unit, "value": f"{Decimal(millions) * 10**6:f}"}
            figures.append({**common, **figure, "printed_as": f"{millions} million"})
    document = {**DOCUMENT, "document_id": f"doc_{name}", "published_on": str(published)}
    return {"platforms": [platform], "documents": [document], "observations": figures}


@pytest.fixture(scope="module")
def rates() -> Rates:
    return fixings(ROOT / REFERENCE, ROUBLE)


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory, rates: Rates) -> Iterator[Connection]:
    folder = tmp_path_factory.mktemp("figures")
    last = max(rates["USD"])
    end = (last.replace(day=1) + timedelta(days=62)).replace(day=1) - timedelta(days=1)
    assert last < end
    shops = {
        "euro_shop": ("EUR", {date(2018, 12, 31): ("90.0", "4.00"), date(2019, 12, 31): ("100.0", "5.00")}),
        "rouble_shop": (
            "RUB",
            {
                date(2020, 12, 31): ("900.0", "10.0"),
                date(2021, 12, 31): ("1000.0", "12.0"),
                date(2022, 12, 31): ("1200.0", "14.0"),
            },
        ),
        "late_shop": ("CNY", {end.replace(year=end.year - 1): ("90.0", "4.0"), end: ("100.0", "5.0")}),
    }
    folders = [
        write(folder / name, **shop(name, currency, ends, max(ends) + timedelta(days=60)))
        for name, (currency, ends) in shops.items()
    ]
    settings = {
        "WAREHOUSE_HOME": str(tmp_path_factory.mktemp("home")),
        "WAREHOUSE_FIGURES": ":".join(map(str, (REFERENCE, ROUBLE, *folders))),
    }
    con = built(load_settings(settings), [])
    yield con
    con.close()


def converted(con: Connection, row_id: str) -> dict[str, Any]:
    """The row of a cost in the reporting currency, by its window."""
    result = con.execute(
        "from marts.peer_rank where row_id = ? and basis = 'same_window' and compared_in = 'reporting_currency'",
        [row_id],
    )
    names = [column[0] for column in result.description or []]
    [row] = result.fetchall()
    return dict(zip(names, row, strict=True))


def mean_rate(rates: Rates, currency: str, start: date, end: date) -> tuple[Decimal, int]:
    """Dollars for one of the currency: the mean over the days of the dollar's fixings, and their number."""
    days = [day for day in rates["USD"] if start <= day <= end]
    crosses = [rates["USD"][day] / (Decimal(1) if currency == "EUR" else rates[currency][day]) for day in days]
    return statistics.mean(crosses), len(days)


@pytest.mark.parametrize("row_id", WORKED_OUT)
def test_a_conversion_worked_out_apart_is_equal_to_the_cent(con: Connection, rates: Rates, row_id: str) -> None:
    spend, gained, dollars = WORKED_OUT[row_id]
    row = converted(con, row_id)
    rate, days = mean_rate(rates, row["own_currency"], row["period_start"], row["period_end"])
    assert (Decimal(spend) / Decimal(gained) * rate).quantize(CENT) == Decimal(dollars)
    assert Decimal(row["cac"]).quantize(CENT) == Decimal(dollars)
    assert (row["currency"], row["rate_days"], row["validity"]) == ("USD", days, "ok")
    assert row["average_rate"] == pytest.approx(float(rate), rel=1e-10)
    [(low, high)] = asked(con, f"select cac_low, cac_high from marts.cac_trend where row_id = '{row_id}'")
    assert (row["cac_low"], row["cac_high"]) == pytest.approx((low * float(rate), high * float(rate)), rel=1e-10)


def test_a_currency_that_is_no_longer_quoted_has_no_later_rate(con: Connection, rates: Rates) -> None:
    assert max(rates["RUB"]) == date(2022, 3, 1)
    row = converted(con, "rouble_shop/whole/cac_net_12m/2022-12-31")
    assert (row["cac"], row["cac_low"], row["rank"], row["average_rate"]) == (None, None, None, None)
    assert row["validity"] == "missing_rate"
    assert asked(
        con,
        "select round(cac, 2), currency, rank, validity from marts.peer_rank where basis = 'same_window' "
        "and compared_in = 'own_currency' and row_id = 'rouble_shop/whole/cac_net_12m/2022-12-31'",
    ) == [(600.0, "RUB", 1, "ok")]


def test_a_window_that_ends_after_the_fixings_has_no_rate(con: Connection) -> None:
    [(row_id,)] = asked(
        con,
        "select row_id from marts.cac_trend "
        "where platform = 'late_shop' and definition = 'cac_net_12m' and cac is not null",
    )
    row = converted(con, row_id)
    assert (row["cac"], row["validity"]) == (None, "missing_rate")


def test_every_number_of_the_trend_is_converted_or_says_why(con: Connection) -> None:
    assert asked(
        con,
        "select distinct t.platform, p.validity from marts.cac_trend as t join marts.peer_rank as p "
        "on p.row_id = t.row_id and p.compared_in = 'reporting_currency' where t.cac is not null and p.cac is null "
        "order by 1",
    ) == [("late_shop", "missing_rate"), ("rouble_shop", "missing_rate")]


def test_the_fixings_are_those_of_every_target_day(rates: Rates) -> None:
    usd, cny = rates["USD"], rates["CNY"]
    assert usd.keys() == cny.keys()
    day, expected = min(usd), set()
    while day <= max(usd):
        if day.isoweekday() < 6 and day not in holidays(day.year):
            expected.add(day)
        day += timedelta(days=1)
    assert set(usd) == expected


def holidays(year: int) -> set[date]:
    """Weekdays on which TARGET is closed: 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    easter = date(year, f // 31, f % 31 + 1)
    fixed = {date(year, 1, 1), date(year, 5, 1), date(year, 12, 25), date(year, 12, 26)}
    return fixed | {easter - timedelta(days=2), easter + timedelta(days=1)}
