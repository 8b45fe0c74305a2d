"""Numbers of the embedded data that were worked out by hand from the printed figures, and what holds for all.

The printed figures stand in data/reference; each comment names the documents and what they print, in
millions. What a mart owes to every row (interval, reason, day of knowledge) is asked of every row.
"""

from collections import Counter
from datetime import date
from functools import cache
from typing import Any

import pytest

from etl.config import ROOT
from etl.models.file import Model
from etl.warehouse import Connection
from tests.support.models import project_models

RETAIL = "china_retail_marketplaces"
END_OF_TIME = date(9999, 12, 31)
NUMBERS = {"ok", "coarse", "uninformative"}
REASONS = {
    "definition_break",
    "consolidation_mismatch",
    "missing_spend",
    "missing_buyers_start",
    "missing_buyers_end",
    "bounds_only",
    "net_loss_of_buyers",
    "net_adds_within_rounding",
    "missing_previous_window",
    "change_within_rounding",
    "spend_up_adds_down",
    "spend_down_adds_up",
}
NEEDS_FILINGS = "marts.reconciliation"  # empty without SEC EDGAR; tests/edgar/test_models.py asks its twin


@cache
def twins() -> tuple[Model, ...]:
    """Every mart that can be asked as of a day and has rows from the reference data alone."""
    return tuple(model for model in project_models() if model.twin and model.name != NEEDS_FILINGS)


def rows(con: Connection, source: str, where: str = "true") -> list[dict[str, Any]]:
    found = con.execute(f"select t.* from {source} as t where {where}")
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def cost(
    con: Connection,
    platform: str,
    period_end: str,
    scope: str = "",
    definition: str = "cac_net_12m",
    as_of: str | None = None,
) -> dict[str, Any]:
    """The one row of marts.cac_trend, today or as of a day."""
    source = f"marts.cac_trend_as_of(date '{as_of}')" if as_of else "marts.cac_trend"
    key = f"t.platform = '{platform}' and t.scope = '{scope}' and t.period_end = date '{period_end}'"
    [row] = rows(con, source, f"{key} and t.definition = '{definition}'")
    return row


def shown(row: dict[str, Any]) -> tuple[float, float, float]:
    """Cost and its interval as a reader sees them: two decimals."""
    return round(row["cac"], 2), round(row["cac_low"], 2), round(row["cac_high"], 2)


def documents(con: Connection, row: dict[str, Any]) -> set[tuple[str, float]]:
    """Documents that a row cites, each with the figure it prints, in millions."""
    found = con.execute(
        "select o.document_id, (o.value / 1000000)::double from core.observation as o "
        "where list_contains(?::varchar[], o.observation_id)",
        [row["input_observation_ids"]],
    )
    return set(found.fetchall())


def test_how_many_yearly_costs_the_embedded_data_gives(warehouse: Connection) -> None:
    found = rows(warehouse, "marts.cac_trend", "t.definition = 'cac_net_12m' and t.cac is not null")
    counts = Counter(row["platform"] for row in found)
    assert counts == {"wayfair": 16, "pdd": 7, "alibaba": 5, "chewy": 5, "jd": 5}
    assert all(documents(warehouse, row) for row in found)


def test_pinduoduo_2018(warehouse: Connection) -> None:
    row = cost(warehouse, "pdd", "2018-12-31")
    # 13,441.813 (20-F of 2018, filed 2019-04-24) / (418.5 - 244.8 = 173.7),
    # both counts from the release of 2019-03-13, each +- 0.05: 13,441.8125 / 173.8 to 13,441.8135 / 173.6.
    assert documents(warehouse, row) == {
        ("doc_362da9fdd6", 13441.813),
        ("doc_53ffe4a934", 418.5),
        ("doc_53ffe4a934", 244.8),
    }
    assert shown(row) == (77.39, 77.34, 77.43)
    assert (row["validity"], row["known_on"]) == ("ok", date(2019, 4, 24))


def test_pinduoduo_2019(warehouse: Connection) -> None:
    row = cost(warehouse, "pdd", "2019-12-31")
    # 27,174.249 (20-F of 2019, 2020-04-24) / (585.2, release of 2020-03-11, less 418.5, release of
    # 2019-03-13, = 166.7): 27,174.2485 / 166.8 to 27,174.2495 / 166.6.
    assert documents(warehouse, row) == {
        ("doc_2c91aca381", 27174.249),
        ("doc_8049a1389b", 585.2),
        ("doc_53ffe4a934", 418.5),
    }
    assert shown(row) == (163.01, 162.92, 163.11)
    assert (row["validity"], row["known_on"], row["flags"]) == ("ok", date(2020, 4, 24), ["known_on_bound"])


@pytest.mark.parametrize(
    ("period_end", "numbers"),
    [
        # 13,441.813 (20-F of 2019) - 1,217.5 (first quarter of 2018, a law firm's copy of the prospectus) + 4,889.3
        # (first quarter of 2019, as the article on the first quarter of 2020 compares) = 17,113.613, over
        # 443.3 less 295 +- 0.5: 17,113.5125 / 148.85 to 17,113.7135 / 147.75.
        ("2019-03-31", (115.40, 114.97, 115.83)),
        # 27,174.249 - 4,889.3 + 7,296.6 = 29,581.549 over 628.1 less 443.3: 29,581.4485 / 184.9 to / 184.7.
        ("2020-03-31", (160.07, 159.99, 160.16)),
    ],
)
def test_pinduoduos_twelve_months_to_march_follow_from_years_and_quarters(
    warehouse: Connection, period_end: str, numbers: tuple[float, float, float]
) -> None:
    row = cost(warehouse, "pdd", period_end)
    assert shown(row) == numbers
    assert (row["validity"], row["known_on"]) == ("ok", None)
    assert row["flags"] == ["derived_input", "fy_misaligned", "undated_input"]


def test_pinduoduos_twelve_months_to_june_have_no_number(warehouse: Connection) -> None:
    # The second quarter of 2018 stands in no document of the data set, nor does the half year.
    row = cost(warehouse, "pdd", "2019-06-30")
    assert (row["cac"], row["validity"]) == (None, "missing_spend")


def test_pinduoduo_2020(warehouse: Connection) -> None:
    # 41,194.599 (20-F of 2022, 2023-04-26) / (788.4 less 585.2 = 203.2), each count +- 0.05.
    row = cost(warehouse, "pdd", "2020-12-31")
    assert shown(row) == (202.73, 202.63, 202.83)


def test_pinduoduo_2021_is_an_outlier_and_the_pooled_figure_is_not(warehouse: Connection) -> None:
    # 44,801.720 (20-F of 2022) / (868.7 - 788.4 = 80.3) = 557.93.
    # Three years: 27,174.249 + 41,194.599 + 44,801.720 = 113,170.568 / (868.7 - 418.5 = 450.2) = 251.38.
    assert round(cost(warehouse, "pdd", "2021-12-31")["cac"], 2) == 557.93
    assert round(cost(warehouse, "pdd", "2021-12-31", definition="cac_pooled_3y")["cac"], 2) == 251.38


def test_alibaba_fiscal_2020(warehouse: Connection) -> None:
    row = cost(warehouse, "alibaba", "2020-03-31", RETAIL)
    # 50,673 (20-F of fiscal 2020) / (726 less 654 = 72), retail marketplaces, counts +- 0.5, expense +- 0.5:
    # 50,672.5 / 73 = 694.14 to 50,673.5 / 71 = 713.71. The expense is the whole group's.
    assert documents(warehouse, row) == {
        ("doc_4328551eec", 50673.0),
        ("doc_cf3d76a878", 726.0),
        ("doc_df58b4de23", 654.0),
    }
    assert shown(row) == (703.79, 694.14, 713.71)
    assert (row["validity"], row["flags"], row["fiscal_label"]) == ("ok", ["scope_mismatch"], "FY2020")


@pytest.mark.parametrize(
    ("period_end", "value", "known_on"),
    [
        # 16,314 (20-F of fiscal 2017) / (454 less 423 = 31); 454 = 466 at June 2017 less the printed increase
        # of 12; both public with the June quarter, 2017-08-17.
        ("2017-03-31", 526.26, date(2017, 8, 17)),
        # 39,780 (20-F of fiscal 2019, 2019-06-05) / (654 less 552 = 102); 552 = 576 at June 2018 less 24.
        ("2019-03-31", 390.00, date(2019, 6, 5)),
    ],
)
def test_alibaba_levels_that_were_never_printed(
    warehouse: Connection, period_end: str, value: float, known_on: date
) -> None:
    row = cost(warehouse, "alibaba", period_end, RETAIL)
    assert (round(row["cac"], 2), row["known_on"]) == (value, known_on)
    assert row["flags"] == ["derived_input", "known_on_bound", "scope_mismatch"]


def test_jd_2012(warehouse: Connection) -> None:
    # 1,096.765 (20-F of 2014) / (29.3 less 12.5 = 16.8), both counts from JD's own page of 2017-05-01.
    row = cost(warehouse, "jd", "2012-12-31")
    assert (round(row["cac"], 2), row["known_on"]) == (65.28, date(2017, 5, 1))


def test_jd_2016_before_and_after_the_restatement(warehouse: Connection) -> None:
    # 226.6 less 155.0 = 71.6. Expense 10,573.024 (20-F of 2016, 2017-05-01) until the 20-F of 2017
    # (2018-04-27) restated it to 10,158.686, when JD Finance had left.
    now = cost(warehouse, "jd", "2016-12-31")
    then = cost(warehouse, "jd", "2016-12-31", as_of="2017-10-17")
    assert (round(now["cac"], 2), now["known_on"]) == (141.88, date(2018, 4, 27))
    assert (round(then["cac"], 2), then["known_on"]) == (147.67, date(2017, 5, 1))
    assert ("restated_input" in now["flags"], "restated_input" in then["flags"]) == (True, False)
    assert round(cost(warehouse, "jd", "2016-12-31", as_of="2018-04-26")["cac"], 2) == 147.67
    assert round(cost(warehouse, "jd", "2016-12-31", as_of="2018-04-27")["cac"], 2) == 141.88


def test_jd_2015_across_paipai(warehouse: Connection) -> None:
    # The count of 2014 (96.6) has Paipai's accounts, those of 2013 and 2015 do not: two years without number.
    for year in ("2014-12-31", "2015-12-31"):
        row = cost(warehouse, "jd", year)
        assert (row["cac"], row["cac_low"], row["cac_high"], row["net_adds"]) == (None, None, None, None)
        assert (row["validity"], "definition_break" in row["flags"]) == ("definition_break", True)
    # The core business: 155.0 less 90.6 = 64.4 (release of 2016-03-01). Expense 7,232.717 today (20-F of
    # 2017), 7,736.172 as first filed (2016-04-18).
    assert round(cost(warehouse, "jd", "2015-12-31", "core")["cac"], 2) == 112.31
    assert round(cost(warehouse, "jd", "2015-12-31", "core", as_of="2017-10-17")["cac"], 2) == 120.13


def test_every_definition_has_rows(warehouse: Connection) -> None:
    found = warehouse.execute("select distinct definition from marts.cac_trend").fetchall()
    net, scenarios = {"cac_net_12m", "cac_pooled_2y", "cac_pooled_3y", "cac_net_quarter"}, {10, 20, 30}
    assert {row[0] for row in found} == net | {f"cac_gross_{c}" for c in scenarios} | {"marginal_cac"}


def test_every_row_has_either_a_number_or_a_reason(warehouse: Connection) -> None:
    for row in rows(warehouse, "marts.cac_trend"):
        assert row["validity"] in NUMBERS | REASONS, row["row_id"]
        assert (row["cac"] is None) == (row["validity"] in REASONS), row["row_id"]
        if row["cac"] is not None:
            assert row["cac_low"] <= row["cac"] <= row["cac_high"], row["row_id"]


def as_of_macros() -> list[str]:
    return [
        "core.observation_known",
        "core.observation_as_of",
        *(f"{model.name}_as_of" for model in twins()),
    ]


@pytest.mark.parametrize("macro", as_of_macros())
@pytest.mark.parametrize("day", ["2018-01-01", "2020-04-24"])
def test_nothing_is_known_before_its_day(warehouse: Connection, macro: str, day: str) -> None:
    published = dict(warehouse.execute("select observation_id, published_on from core.observation").fetchall())
    dated = dict(warehouse.execute("select document_id, published_on from core.document").fetchall())
    found = rows(warehouse, f"{macro}(date '{day}')")
    assert found
    days: list[date | None] = []
    for row in found:
        inputs = [*(row.get("input_observation_ids") or []), *(row.get("derived_from") or [])]
        cited = [*(row.get("documents") or []), *filter(None, [row.get("document_id")])]
        days += [published[i] for i in inputs] + [dated[d] for d in cited]
        days += [d for column, d in row.items() if column.endswith(("known_on", "published_on")) and d]
        if inputs and row.get("known_on"):
            assert row["known_on"] == max(published[i] for i in inputs), row
    assert all(known and known <= date.fromisoformat(day) for known in days)


@pytest.mark.parametrize("model", twins(), ids=lambda model: model.name)
def test_twin_at_the_end_of_time_equals_its_table(warehouse: Connection, model: Model) -> None:
    """On dated rows; a row that rests on an undated figure is in the table only, and says so."""
    names = {column.name for column in model.columns}
    is_dated = "not list_contains(t.flags, 'undated_input')" if "flags" in names else "t.known_on is not null"
    now = {key(model, row): row for row in rows(warehouse, model.name)}
    dated = {key(model, row): row for row in rows(warehouse, model.name, is_dated)}
    twin = {key(model, row): row for row in rows(warehouse, f"{model.name}_as_of(date '{END_OF_TIME}')", is_dated)}
    assert dated
    assert {k: twin.get(k) for k in dated} == dated
    if "tie" in model.grain:  # without an undated print, another print of the quantity takes part
        return
    undated = {k for k in now if k not in dated}
    assert {k for k in twin if k not in dated} <= undated


def key(model: Model, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column] for column in model.grain)


def test_the_first_query_of_the_readme_prints_what_stands_there(warehouse: Connection) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    query = text.partition('make sql Q="')[2].partition('"\n```')[0]
    shown = text.partition(query)[2].partition("└")[0]
    lines = [[cell.strip() for cell in line.strip("│").split("│")] for line in shown.splitlines() if line[:1] == "│"]
    answer = warehouse.execute(query)
    names, types = ([str(column[place]).lower() for column in answer.description or ()] for place in (0, 1))
    found = answer.fetchall()
    assert lines[:2] == [names, types]
    assert lines[2:] == [["NULL" if cell is None else str(cell) for cell in row] for row in found]
    assert len(found) > 3
