"""Twins asked about several days at once give the rows that they give when asked about one day at a time.

Two issuers with ten years of figures, by quarter and by year and restated a year later, beside the embedded data:
one by the reference files, one by the facts of its filings, which tell the year to date and the year before as well.
It is the shape of figures for which DuckDB 1.5 lost a NOT EXISTS in a twin, so that a printed year was there twice.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from etl.config import load_settings
from etl.edgar.facts import Body, load_body
from etl.reference.load import load_reference
from etl.warehouse import Connection, memory
from tests.support.building import build_all
from tests.support.edgar_bodies import Row, body
from tests.support.edgar_bodies import write as write_body
from tests.support.edgar_warehouse import REFERENCE
from tests.support.models import project_models

pytestmark = pytest.mark.slow

FIRST, LAST, RESTATED = 2014, 2023, 2018
QUARTERS = ((1, 1, 3, 31), (4, 1, 6, 30), (7, 1, 9, 30), (10, 1, 12, 31))
# Expense of the first quarter in million; a quarter is 10 more than the one before, a year starts 40 higher.
EXPENSE, STEP, YEARLY = 100, 10, 40
FILER = 7770001


def figures() -> Iterator[dict[str, object]]:
    """The figures of the issuer: expense by quarter and year, each year's buyers; 2018 was later restated by 3 %."""
    for year in range(FIRST, LAST + 1):
        quarters = [EXPENSE + YEARLY * (year - FIRST) + STEP * k for k in range(4)]
        restated = [1.03 * value for value in quarters] if year == RESTATED else []
        for values, document in ((quarters, f"doc_shop_{year}"), (restated, f"doc_shop_{year + 1}")):
            for (month, day, last_month, last_day), value in zip(QUARTERS, values, strict=False):
                period = (date(year, month, day), date(year, last_month, last_day))
                yield figure("sm_expense", "quarter", period, value, document)
            if values:
                yield figure("sm_expense", "year", (date(year, 1, 1), date(year, 12, 31)), sum(values), document)
        buyers = 10 + 2 * (year - FIRST)
        yield figure("annual_active_buyers", "ttm", (date(year, 1, 1), date(year, 12, 31)), buyers, f"doc_shop_{year}")


def figure(
    metric: str, period_type: str, period: tuple[date, date], millions: float, document: str
) -> dict[str, object]:
    """One row of observations.csv, printed in millions with two digits."""
    return {
        "platform": "shop",
        "metric": metric,
        "period_type": period_type,
        "period_start": period[0],
        "period_end": period[1],
        "value": round(1e6 * millions),
        "unit": "USD" if metric == "sm_expense" else "persons",
        "qualifier": "exact",
        "printed_as": f"{millions:.2f} million",
        "basis": "gaap" if metric == "sm_expense" else "operating",
        "document_id": document,
    }


def expense(year: int, quarters: int, told_in: int) -> int:
    """The filer's expense of the first quarters of a year, as it was told in a year; 2018 was restated in 2019."""
    whole = sum(EXPENSE + YEARLY * (year - FIRST) + STEP * k for k in range(quarters))
    return round(1e6 * whole * (1.03 if year == RESTATED < told_in else 1))


def filings() -> Iterator[Row]:
    """Facts of the filer: each 10-Q has its quarter and the year to date, each 10-K its year, both with the years
    before."""
    for told_in in range(FIRST, LAST + 1):
        for quarter, (_, _, last_month, last_day) in enumerate(QUARTERS, 1):
            form, years = ("10-K", 3) if quarter == 4 else ("10-Q", 2)
            filed = date(told_in + (quarter == 4), 2 if quarter == 4 else last_month + 2, 10)
            for year in range(max(FIRST, told_in - years + 1), told_in + 1):
                start, end = date(year, 1, 1), date(year, last_month, last_day)
                facts = [(start, expense(year, quarter, told_in))]
                if 1 < quarter < 4:
                    first = date(year, *QUARTERS[quarter - 1][:2])
                    facts.append((first, expense(year, quarter, told_in) - expense(year, quarter - 1, told_in)))
                for begin, value in facts:
                    accession = f"0007770001-{told_in % 100}-{quarter:06}"
                    told = (value, accession, form, str(filed))
                    yield (FILER, "SellingAndMarketingExpense", "USD", str(begin), str(end), *told)


def write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The warehouse of the embedded data and the two issuers, built and checked as a refresh does it."""
    folder = tmp_path_factory.mktemp("figures")
    shop = {"platform": "shop", "name": "Shop", "fiscal_year_end": "12-31", "reporting_currency": "USD", "sec_cik": ""}
    write(folder / "platforms.csv", [shop, shop | {"platform": "filer", "name": "Filer", "sec_cik": FILER}])
    documents = [
        {
            "document_id": f"doc_shop_{year}",
            "kind": "filing",
            "title": f"Shop annual report {year}",
            "published_on": date(year + 1, 3, 1),
        }
        for year in range(FIRST, LAST + 2)
    ]
    write(folder / "documents.csv", documents)
    rows = list(figures())
    buyers = [row | {"platform": "filer"} for row in rows if row["metric"] == "annual_active_buyers"]
    write(folder / "observations.csv", rows + buyers)
    home = str(tmp_path_factory.mktemp("home"))
    settings = load_settings({"WAREHOUSE_HOME": home, "WAREHOUSE_FIGURES": f"{REFERENCE}:{folder}"})
    con = memory()
    assert not load_reference(con, settings, datetime(2026, 1, 1, tzinfo=UTC)).rows_quarantined
    path = write_body(folder / "body.json", body(FILER, filings()))
    assert load_body(con, Body(FILER, path.name, path), datetime(2026, 1, 1, tzinfo=UTC)).status == "loaded"
    build_all(con)  # raises where a check fails
    yield con
    con.close()


def test_a_printed_year_is_there_once_on_every_day(con: Connection) -> None:
    """2016's expense by hand: 180 + 190 + 200 + 210 = 780 million, printed, and not also the sum of its quarters."""
    rows = con.execute("""
        select d.day, s.spend::bigint, s.input_observation_ids
        from (values (date '2016-12-31'), (date '2017-03-01'), (date '2024-01-01')) as d(day)
        cross join lateral (select * from steps.spend_window_as_of(d.day)) as s
        where s.platform = 'shop' and s.months = 12 and s.period_end = date '2016-12-31'
        order by d.day
    """).fetchall()
    assert [(day, spend, len(inputs)) for day, spend, inputs in rows] == [
        (date(2017, 3, 1), 780_000_000, 1),
        (date(2024, 1, 1), 780_000_000, 1),
    ]


def test_the_same_facts_give_the_same_years_from_files_and_filings(con: Connection) -> None:
    """Twelve months to each quarter end, of one vintage: 2016's to June by hand 170 + 160 + 180 + 190 = 700 million."""
    windows = {
        platform: dict(
            con.execute(
                "select s.period_end, s.spend::bigint from steps.spend_window as s where s.platform = ? "
                "and s.months = 12 and year(s.period_end) not between 2018 and 2019",
                [platform],
            ).fetchall()
        )
        for platform in ("shop", "filer")
    }
    assert windows["shop"] == windows["filer"]
    assert len(windows["shop"]) == 4 * 8 - 3
    assert windows["filer"][date(2016, 6, 30)] == 700_000_000


def test_every_twin_gives_the_same_rows_for_many_days_at_once(con: Connection) -> None:
    days = [
        day + timedelta(days=before)
        for (day,) in con.execute(
            "select distinct published_on from core.document where document_id like 'doc_shop%' order by 1"
        ).fetchall()[3:7]
        for before in (-1, 0)
    ]
    assert len(days) == 8
    beside = ", ".join(f"(date '{day}')" for day in days)
    for model in (model for model in project_models() if model.twin):
        twin = f"{model.name}_as_of"
        at_once = f"select d.day, t.* from (values {beside}) as d(day) cross join lateral (from {twin}(d.day)) as t"
        singly = " union all ".join(f"select date '{day}', t.* from {twin}(date '{day}') as t" for day in days)
        rows = [sorted(map(repr, con.execute(sql).fetchall())) for sql in (at_once, singly)]
        assert rows[0] == rows[1], model.name
        assert len(rows[0]) > 10 or model.name == "marts.reconciliation", model.name


def test_figures_of_the_document_of_a_restatement_are_of_one_vintage(warehouse: Connection) -> None:
    """Groupon's 10-K of 2016-02-12 restates 2014 and prints 2015; JD's 20-F of 2018-04-27 restates 2016, prints 2017.

    Groupon's 2015 stands as printed in 2016, its 2016 as restated in 2017.
    """
    found = warehouse.execute(
        "select platform, period_end, list_contains(flags, 'mixed_vintage') from marts.cac_trend "
        "where scope = '' and definition = 'cac_pooled_2y' and list_contains(flags, 'restated_input') and "
        "(platform, period_end) in "
        "(('groupon', date '2015-12-31'), ('jd', date '2017-12-31'), ('groupon', date '2016-12-31')) order by all"
    ).fetchall()
    assert [(platform, str(day), is_mixed) for platform, day, is_mixed in found] == [
        ("groupon", "2015-12-31", False),
        ("groupon", "2016-12-31", True),
        ("jd", "2017-12-31", False),
    ]
