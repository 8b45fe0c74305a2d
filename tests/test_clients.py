"""How benchmarks/clients.py compares what a client gives with what DuckDB gives: a changed value is never the same."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.client_programs.fetch import cell
from benchmarks.clients import loss, outcome
from etl.config import ROOT
from etl.warehouse import STORAGE_VERSION, Connection


@pytest.mark.parametrize(
    ("want", "got", "change"),
    [
        (["exact", "1.500000"], ["exact", "1.5"], ""),
        (["exact", "1.500000"], ["exact", "1500000"], None),
        (["exact", "0.050000"], ["double", "0.05"], "decimals and integers as doubles"),
        (["exact", "0.050000"], ["double", "0.049999999999999996"], None),
        (["exact", "12345678901234567.8901"], ["text", "12345678901234567.8901"], "numbers as text"),
        (["double", "335.4"], ["double", "335.39"], None),
        (["double", "3.0"], ["exact", "3"], ""),
        (["day", "2020-02-29"], ["time", "2020-02-29T00:00:00"], "dates as timestamps"),
        (["day", "2020-02-29"], ["time", "2020-02-28T23:00:00"], None),
        (["day", "2020-02-29"], ["text", "2020-02-29"], "dates and times as text"),
        (["time", "2020-01-01T00:00:00.123456"], ["time", "2020-01-01T00:00:00.123"], "times cut to milliseconds"),
        (["time", "2020-01-01T00:00:00.123456"], ["time", "2020-01-01T00:00:01.123"], None),
        (["list", [["text", "a"], None]], ["list", [["text", "a"], None]], ""),
        (["list", [["text", "a"], None]], ["list", [["text", "a"]]], None),
        (["list", [["text", "a"], None]], ["text", '["a", null]'], "lists and maps as JSON text"),
        (["map", [[["text", "k"], ["text", "v"]]]], ["text", '{"k": "v"}'], "lists and maps as JSON text"),
        (["map", [[["text", "k"], ["text", "v"]]]], ["text", '{"k": "w"}'], None),
        (["list", [["map", [[["text", "k"], ["exact", "4"]]]]]], ["text", '[{"k": 4}]'], "lists and maps as JSON text"),
        (["list", [["double", "0.1"]]], ["text", "[0.11]"], None),
        (["text", ""], None, None),
        (None, ["text", ""], None),
        (["bool", True], ["exact", "1"], None),
    ],
)
def test_a_changed_value_is_not_the_same(want: Any, got: Any, change: str | None) -> None:
    assert loss(want, got) == change


def test_a_missing_row_column_or_answer_is_told() -> None:
    whole = {"columns": ["cac"], "rows": [[["double", "335.4"]], [None]]}
    assert outcome({"a": whole}, {"a": whole})[:2] == (1, 1)
    for other, fault in (
        ({**whole, "rows": whole["rows"][:1]}, "1 rows for 2"),
        ({**whole, "columns": ["cost"]}, "other columns"),
        ({**whole, "rows": [[["double", "335.39"]], [None]]}, "cac is 335.39 (double) for 335.4 (double)"),
        ({**whole, "rows": [whole["rows"][0], whole["rows"][0]]}, "cac is 335.4 (double) for NULL"),
        ({"error": "Error: no table\nLINE 1"}, "Error: no table"),
    ):
        found = outcome({"a": whole}, {"a": other})
        assert (found.same, found.first_fault) == (0, f"a: {fault}")
    assert outcome({"a": whole}, {}).same == 0


def test_an_unknown_type_is_not_taken_for_a_value() -> None:
    assert cell(object())[0] == "unknown"
    assert loss(["text", "x"], ["unknown", "x"]) is None


def test_no_published_day_is_infinite(warehouse: Connection) -> None:
    """pandas and Polars fail on the whole table where one day is."""
    columns = warehouse.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal "
        "and schema_name in ('core', 'steps', 'marts') and data_type in ('DATE', 'TIMESTAMP')"
    ).fetchall()
    found = [
        f"{table}.{column}"
        for table, column in columns
        if warehouse.execute(f'select 1 from {table} where not isfinite("{column}") limit 1').fetchall()
    ]
    assert len(columns) > 100 and found == []


def test_the_page_names_the_storage_format() -> None:
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    assert f"(`{STORAGE_VERSION}`, set in `etl/warehouse.py`)" in page
    assert f"DuckDB {STORAGE_VERSION.removeprefix('v')} or newer" in page
