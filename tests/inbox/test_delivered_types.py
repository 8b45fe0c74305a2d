"""What a file says of its values, by its own types, is what is loaded; what a reader would change is set aside."""

from __future__ import annotations

import io
import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from etl.inbox import parquet
from tests.support.inbox_files import DAILY, Inbox, daily, inbox_in


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path / "home")


def parquet_file(inbox: Inbox, select: str, name: str = "a.parquet") -> None:
    """Deliver the rows of a query as Parquet."""
    target = inbox.put(name, b"")
    inbox.con.execute(f"copy ({select}) to '{target}' (format parquet)")


def metrics(values: str, columns: str) -> str:
    """Rows of daily metrics, a day each, from a list of SQL values."""
    return (
        "select 'pdd' as platform, date '2025-01-01' + (row_number() over ())::integer as date, 'CNY' as currency, "
        f"{columns} from (values {values}) as v(v)"
    )


def book(rows: list[list[Any]], merged: str = "") -> bytes:
    """A workbook of one sheet."""
    found = openpyxl.Workbook()
    sheet = found.worksheets[0]
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    target = io.BytesIO()
    found.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        ("5000000::float", "5000000"),
        ("12345678::float", "12345678"),
        ("1234.56::float", "1234.56"),
        ("1e-3::float", "0.001"),
        ("123456.78::float", None),  # nine digits of four bytes: the sender's last ones are lost
        ("123456792::float", None),  # above 2^24 four bytes count by eights
        ("0.1::double + 0.2", "0.3"),
        ("1234.5600000000213::double", "1234.56"),  # a sum of a hundred amounts
        ("1234.56789::double", None),  # five digits that somebody delivered
        ("1000000000.00001::double", None),
        ("99999999999.99::double", "99999999999.99"),
        ("1e14::double", None),
        ("'nan'::double", None),
        ("'inf'::double", None),
        ("1.5::decimal(38, 20)", "1.5"),
        ("1.00001::decimal(38, 20)", None),
        ("18446744073709551615::ubigint", None),
        ("7::utinyint", "7"),
    ],
)
def test_a_number_is_loaded_as_its_type_holds_it_or_not_at_all(inbox: Inbox, value: str, loaded: str | None) -> None:
    parquet_file(inbox, metrics(", ".join([f"({value})"] + ["(null)"] * 9), "v as gmv, 1 as orders"))
    (load,) = inbox.load()
    assert load.rows_quarantined == (loaded is None), load
    got = inbox.rows("gmv", "core.platform_metric_daily where date = '2025-01-02'")
    assert got == ([(Decimal(loaded),)] if loaded else [])


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        ("7::double", 7),
        ("6.999999999999999::double", 7),
        ("7.5::double", None),
        ("16777216::float", 16777216),
        ("16777218::float", None),
        ("9007199254740992::double", 9007199254740992),
        ("9007199254740994::double", None),
        ("7.0::decimal(9, 2)", 7),
        ("7.25::decimal(9, 2)", None),
    ],
)
def test_a_count_is_a_whole_number_of_its_type(inbox: Inbox, value: str, loaded: int | None) -> None:
    parquet_file(inbox, metrics(", ".join([f"({value})"] + ["(null)"] * 9), "v as orders, 1 as dau"))
    (load,) = inbox.load()
    assert load.rows_quarantined == (loaded is None), load
    got = inbox.rows("orders", "core.platform_metric_daily where date = '2025-01-02'")
    assert got == ([(loaded,)] if loaded is not None else [])


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        ("'搜索'", "搜索"),
        ("encode('搜索')", "搜索"),  # bytes that no mark calls text
        ("'\\xE6\\x90'::blob", None),
        ("3001::bigint", "3001"),
        ("3001::double", "3001"),
        ("3001.5::double", None),
        ("9007199254740994::double", None),
        ("3001.00::decimal(9, 2)", "3001"),
        ("true", "true"),
        ("'\"a\"'::json", '"a"'),
        ("['a']", '["a"]'),
    ],
)
def test_a_name_is_the_text_that_the_file_holds(inbox: Inbox, value: str, loaded: str | None) -> None:
    parquet_file(inbox, metrics(", ".join([f"({value})"] + ["(null)"] * 9), "v as channel, 1 as dau"))
    (load,) = inbox.load()
    assert load.rows_quarantined == (loaded is None), (load, inbox.set_aside())
    got = inbox.rows("channel", "core.platform_metric_daily where date = '2025-01-02'")
    assert got == ([(loaded,)] if loaded else [])


EVENT = (
    "select 'e' || row_number() over () as event_id, v as event_time, 'pdd' as platform, 'b' as buyer_id_hash, "
    "1 as amount, 'CNY' as currency, 'placed' as status from (values {}) as v(v)"
)


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        ("timestamptz '2025-01-01 18:00:00+08:00'", datetime(2025, 1, 1, 10)),
        ("timestamp '2025-01-01 10:00:00'", datetime(2025, 1, 1, 10)),
        ("'2025-01-01 10:00:00.123456'::timestamp_ns", datetime(2025, 1, 1, 10, 0, 0, 123456)),
        ("'2025-01-01 10:00:00.123456789'::timestamp_ns", None),
        ("date '2025-01-01'", None),  # a day without a clock
        ("'2025-01-01'", None),
        ("'2025-01-01T10:00:00Z'", datetime(2025, 1, 1, 10)),
    ],
)
def test_a_time_is_the_moment_that_the_file_means(inbox: Inbox, value: str, loaded: datetime | None) -> None:
    parquet_file(inbox, EVENT.format(f"({value})"))
    (load,) = inbox.load()
    assert (load.status == "loaded") == (loaded is not None), load
    assert inbox.rows("event_time", "core.order_event") == ([(loaded,)] if loaded else [])


def test_nanoseconds_with_a_time_zone_refuse_the_file(inbox: Inbox) -> None:
    """The reader would give microseconds; the mark of the zone is set by hand, since DuckDB writes none."""
    parquet_file(inbox, EVENT.format("('2025-01-01 10:00:00.123456789'::timestamp_ns)"))
    path = inbox.settings.inbox / "a.parquet"
    content = path.read_bytes()
    # TimestampType of Thrift: isAdjustedToUTC false (0x12), then the unit, whose third member (0x3c) is NANOS.
    assert content.count(b"\x12\x1c\x3c\x00\x00\x00") == 1
    path.write_bytes(content.replace(b"\x12\x1c\x3c\x00\x00\x00", b"\x11\x1c\x3c\x00\x00\x00"))
    (load,) = inbox.load()
    assert (load.status, inbox.rows("count(*)", "core.order_event")) == ("refused", [(0,)])
    assert "'event_time', which counts nanoseconds" in load.reason


@pytest.mark.parametrize(
    ("physical", "logical", "precision", "kind", "by_spark", "words"),
    [
        ("INT96", "None None", 0, "timestamp", False, "INT96"),
        ("INT96", "None None", 0, "timestamp", True, ""),
        ("FIXED_LEN_BYTE_ARRAY", "DECIMAL DecimalType(scale=4, precision=45)", 45, "double", False, "45 digits"),
        ("FIXED_LEN_BYTE_ARRAY", "DECIMAL DecimalType(scale=4, precision=38)", 38, "decimal(38,4)", False, ""),
    ],
)
def test_what_the_reader_would_change_is_known_by_the_types_of_the_file(
    physical: str, logical: str, precision: int, kind: str, by_spark: bool, words: str
) -> None:
    found = parquet._changed(physical, logical, precision, kind, by_spark)
    assert (words in found) and bool(found) == bool(words)


def test_columns_are_taken_by_place_where_names_differ_in_case_only(inbox: Inbox) -> None:
    parquet_file(inbox, metrics("(100.5::decimal(18, 4))", "v as gmv, 1 as orders, 2 as n"))
    path = inbox.settings.inbox / "a.parquet"
    path.write_bytes(path.read_bytes().replace(b"orders", b"oRdErS"))
    load = inbox.load()[0]
    assert load.reason.startswith("fits platform_metric_daily, but 'oRdErS' seems to be its orders; rename it")
    parquet_file(inbox, metrics("(100.5::decimal(18, 4))", "9 as gmw, v as gmv"), "b.parquet")
    path = inbox.settings.inbox / "b.parquet"
    path.write_bytes(path.read_bytes().replace(b"gmw", b"GMV"))
    (load,) = [load for load in inbox.load() if load.file == "b.parquet"]
    assert (load.status, inbox.rows("gmv, extra")) == ("loaded", [(Decimal("100.5"), {"GMV": "9"})])


def test_a_folder_that_looks_like_a_column_is_none(inbox: Inbox) -> None:
    inbox.csv("orders=5/channel=other/a.csv", [daily(1, gmv="7")])
    inbox.csv("orders=5/b*[x]?.csv", [daily(2, gmv="8")])
    parquet_file(inbox, metrics("(9)", "v as gmv, 'x' as channel"), "date=2020-01-01/c.parquet")
    assert {load.status for load in inbox.load()} == {"loaded"}
    assert inbox.rows("date, channel, orders, gmv::integer") == [
        (date(2025, 1, 1), "search", 7, 7),
        (date(2025, 1, 2), "search", 7, 8),
        (date(2025, 1, 2), "x", None, 9),
    ]


@pytest.mark.parametrize("text", ["- ", " - ", "+ ", "1e ", "1E ", "1_0", "1e1", ".1e ", "1e- ", "-"])
@pytest.mark.parametrize("place", ["gmv", "orders"])
def test_what_is_no_number_is_not_read_as_one(inbox: Inbox, text: str, place: str) -> None:
    """DuckDB reads a dash with a blank as 0, and 1e with a blank as 1."""
    faulty = daily(1, gmv=text) if place == "gmv" else daily(1, orders=text)
    inbox.csv("a.csv", [faulty, *(daily(day) for day in range(2, 12))])
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (10, 1)
    assert [(line, column) for line, column, *_ in inbox.set_aside()] == [(2, place)]


def test_a_workbook_gives_what_its_sheet_shows(inbox: Inbox) -> None:
    header = ["platform", "date", "channel", "currency", "orders", "gmv"]
    rows: list[list[Any]] = [
        ["pdd", datetime(2025, 1, 1), 3001.0, "CNY", 7.0, 0.1 + 0.2],
        ["pdd", datetime(2025, 1, 2), 123456789012345678, "CNY", 7, 1234.5600000000213],
        ["pdd", datetime(2025, 1, 3), "#N/A", "CNY", 7, 1],
        *(["pdd", datetime(2025, 1, 4 + n), "x", "CNY", n, 5e-324 if n == 7 else 1] for n in range(10)),
    ]
    inbox.settings = inbox.settings.model_copy(update={"bad_share": 1.0})
    load = inbox.one("a.xlsx", book([header, *rows]))
    assert (load.rows_loaded, load.rows_quarantined) == (10, 3), load
    assert [(line, column) for line, column, *_ in inbox.set_aside()] == [(3, "channel"), (4, None), (12, "gmv")]
    assert inbox.rows("channel, orders, gmv", "core.platform_metric_daily where date = '2025-01-01'") == [
        ("3001", 7, Decimal("0.3"))
    ]


@pytest.mark.parametrize(("merged", "line"), [("C2:C3", 3), ("B3:C3", 3)])
def test_merged_cells_do_not_make_a_total(inbox: Inbox, merged: str, line: int) -> None:
    """Down or across: only the first cell of a range has its value."""
    header = ["platform", "date", "channel", "orders"]
    rows = [["pdd", f"2025-01-{day:02d}", "feed", 1] for day in range(1, 13)]
    load = inbox.one("a.xlsx", book([header, *rows], merged=merged))
    assert (load.rows_loaded, load.rows_quarantined) == (11, 1)
    assert inbox.set_aside()[0][0] == line
    assert f"merged cells {merged}" in inbox.set_aside()[0][3]
    assert inbox.rows("count(*)", "core.platform_metric_daily where channel = ''") == [(0,)]


@pytest.mark.parametrize(("orders", "times"), [(7, 1), ("=3+4", 2)])
def test_a_workbook_is_read_twice_only_for_formulas(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, orders: object, times: int
) -> None:
    """The formula was never calculated: its row is at fault, and no row without orders."""
    opened, load_workbook = list[bool](), openpyxl.load_workbook

    def counted(*arguments: Any, data_only: bool, **options: Any) -> Any:
        opened.append(data_only)
        return load_workbook(*arguments, data_only=data_only, **options)

    monkeypatch.setattr(openpyxl, "load_workbook", counted)
    rows = [["pdd", f"2025-01-{day:02d}", 7] for day in range(1, 13)]
    load = inbox.one("a.xlsx", book([["platform", "date", "orders"], ["pdd", "2025-02-01", orders], *rows]))
    assert (load.rows_loaded, load.rows_quarantined) == (14 - times, times - 1)
    assert len(opened) == times
    assert [line for line, *_ in inbox.set_aside()] == [2][: times - 1]


def test_a_time_of_a_workbook_keeps_its_midnight(inbox: Inbox) -> None:
    header = ["event_id", "event_time", "platform", "buyer_id_hash", "amount", "currency", "status"]
    found = openpyxl.Workbook()
    sheet = found.worksheets[0]
    sheet.append(header)
    for number, form in enumerate(["yyyy-mm-dd hh:mm", "yyyy-mm-dd"]):
        sheet.append([f"e{number}", datetime(2025, 1, 1), "pdd", "b", 1, "CNY", "placed"])
        sheet.cell(number + 2, 2).number_format = form
    target = io.BytesIO()
    found.save(target)
    inbox.settings = inbox.settings.model_copy(update={"bad_share": 1.0})
    inbox.one("a.xlsx", target.getvalue())
    assert inbox.rows("event_id, event_time", "core.order_event") == [("e0", datetime(2025, 1, 1))]
    assert inbox.set_aside()[0][:2] == (3, "event_time")


@pytest.mark.parametrize(
    ("amounts", "aside"),
    [
        (["12.50", "4.812", "99.95"], [3]),
        (["12.5", "4.812", "1"], [3]),
        (["12.50", "4.8120", "99.95"], []),  # written so that it is meant
        (["12.505", "4.812", "99.950"], []),  # three digits are the rule here
        (["12.50", "0.812", "99.95"], []),  # no thousands begin with 0
        (["12.50", "4812", "99.95"], []),
        (["12.50", "4.812", "1.2345"], []),
    ],
)
def test_thousands_in_german_writing_are_not_taken_for_a_fraction(
    inbox: Inbox, amounts: list[str], aside: list[int]
) -> None:
    inbox.csv("a.csv", [*(daily(1 + n, gmv=text) for n, text in enumerate(amounts)), *(daily(d) for d in range(9, 19))])
    (load,) = inbox.load()
    assert [line for line, *_ in inbox.set_aside()] == aside, load
    quoted = [*(daily(1 + n, '"a"', gmv=text) for n, text in enumerate(amounts)), "", *(daily(d) for d in range(9, 19))]
    inbox.csv("b.csv", quoted)  # the same record by record
    (load,) = inbox.load()
    assert load.rows_quarantined == len(aside)


def test_a_file_with_a_name_in_other_bytes_is_loaded_and_stops_nothing(inbox: Inbox) -> None:
    name = os.fsencode(str(inbox.settings.inbox)) + b"/A\xe9.csv"
    with open(name, "w", encoding="utf-8") as file:  # noqa: PTH123 (a path of bytes)
        file.write(f"{DAILY}\n{daily(1)}\n")
    inbox.csv("z.csv", [daily(2)])
    assert [(load.file, load.status) for load in inbox.load()] == [("A\\udce9.csv", "loaded"), ("z.csv", "loaded")]
    assert inbox.rows("count(*)") == [(2,)]
    assert inbox.waiting() == []


def test_a_line_is_told_by_its_place_whatever_the_registry_holds(inbox: Inbox) -> None:
    """Of a list of five or more words DuckDB makes a join, behind which rows came in another order."""
    inbox.con.execute("insert into core.platform select 'p' || i from range(40) as r(i)")
    inbox.con.execute("insert into core.partnership select 'd' || i from range(40) as r(i)")
    lines = [daily(1 + n % 28, f"c{n}") for n in range(300_000)]
    lines[5], lines[150_000] = daily(6, "c5", orders="x"), lines[150_000].replace("pdd", "nobody")
    inbox.csv("a.csv", lines)
    inbox.load()
    assert [(line, column) for line, column, *_ in inbox.set_aside()] == [(7, "orders"), (150_002, "platform")]
