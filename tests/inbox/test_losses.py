"""What readers of files lose in silence, and what the inbox does instead."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.inbox_files import DAILY, Inbox, daily, inbox_in

pytestmark = pytest.mark.slow

TEXTS = re.sub(r"(\w+)", r"\1: 'varchar'", DAILY)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path / "home")


def channels(count: int) -> list[str]:
    return [daily(1 + number % 28, f"c{number}") for number in range(count)]


def test_an_unterminated_quote_early_in_a_long_file_loses_its_own_row_only(inbox: Inbox) -> None:
    lines = channels(200_000)
    lines[999] = lines[999].replace("c999", '"c999')
    inbox.csv("a.csv", lines)
    path = inbox.settings.inbox / "a.csv"
    lenient = f"header = true, auto_detect = false, columns = {{{TEXTS}}}, ignore_errors = true"
    kept = inbox.con.execute(f"select count(*) from read_csv('{path}', {lenient})").fetchall()[0][0]
    assert kept < 100_000, "DuckDB's reader loses most of the file without a word"
    (load,) = inbox.load()
    assert (load.status, load.rows_read, load.rows_loaded) == ("partly_loaded", 200_000, 199_999)
    ((line, column, raw, reason),) = inbox.set_aside()
    assert (line, column, raw) == (1001, None, lines[999])
    assert reason.startswith('opens a quotation mark (") that no line closes')
    assert inbox.rows("count(*)", "core.platform_metric_daily where channel = 'c1000'") == [(1,)]


def test_every_faulty_row_is_quarantined_without_a_limit(inbox: Inbox) -> None:
    lines = channels(20_000)
    lines[::8] = [line.replace(",7,", ",seven,") for line in lines[::8]]
    inbox.csv("a.csv", lines)
    typed = TEXTS.replace("orders: 'varchar'", "orders: 'bigint'")
    path = inbox.settings.inbox / "a.csv"
    inbox.con.execute(
        f"create temp table t as from read_csv('{path}', header = true, auto_detect = false, delim = ',', "
        f"columns = {{{typed}}}, store_rejects = true, rejects_limit = 100)"
    )
    assert inbox.con.execute("select count(*) from reject_errors").fetchall() == [(100,)]
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (17_500, 2_500)


def test_rows_that_a_lenient_reader_loses_are_kept(inbox: Inbox) -> None:
    lines = channels(100)
    lines[10] = lines[10].replace("c10", '"c10" of "us"')
    lines[11] = lines[11].replace("c11", 'c"11')
    inbox.csv("a.csv", lines)
    (load,) = inbox.load()
    assert (load.rows_read, load.rows_loaded) == (100, 99)
    assert inbox.rows("count(*)", "core.platform_metric_daily where channel = 'c\"11'") == [(1,)]
    assert [(line, raw) for line, _, raw, _ in inbox.set_aside()] == [(12, lines[10])]


def test_two_errors_in_one_line_quarantine_one_row(inbox: Inbox) -> None:
    inbox.csv("a.csv", [*channels(10), daily(30, "two", gmv="much", orders="many")])
    (load,) = inbox.load()
    assert (load.rows_read, load.rows_loaded, load.rows_quarantined) == (11, 10, 1)
    assert [row[:2] for row in inbox.set_aside()] == [(12, "orders")]


def test_a_quoted_newline_is_one_row_and_lines_are_counted_on(inbox: Inbox) -> None:
    header = f"{DAILY},note"
    lines = [f"{daily(day)},n" for day in range(1, 11)]
    lines[3] = f'{daily(4)},"two\nlines"'
    lines[4] = f"{daily(5, orders='many')},n"
    inbox.csv("a.csv", lines, header)
    (load,) = inbox.load()
    assert (load.status, load.rows_loaded) == ("partly_loaded", 9)
    noted = "core.platform_metric_daily where extra['note'] <> 'n'"
    assert inbox.rows("day(date), extra['note']", noted) == [(4, "two\nlines")]
    assert [line for line, *_ in inbox.set_aside()] == [7]


def test_a_row_with_an_empty_key_is_quarantined(inbox: Inbox) -> None:
    inbox.csv("a.csv", [*channels(10), daily(1).replace("2025-01-01", ""), daily(2).replace("pdd", "")])
    inbox.load()
    assert [(row[1], row[3]) for row in inbox.set_aside()] == [
        ("date", "is empty; fill it in"),
        ("platform", "is empty; fill it in"),
    ]


def test_of_a_repeated_key_the_first_row_counts(inbox: Inbox) -> None:
    inbox.csv("a.csv", [*channels(10), daily(1, "c0", gmv="9"), daily(1, "c0", gmv="8")])
    inbox.load()
    assert inbox.rows("gmv", "core.platform_metric_daily where channel = 'c0'") == [(Decimal("100.50"),)]
    assert [(row[0], row[3].partition(",")[0]) for row in inbox.set_aside()] == [
        (12, "has the key of an earlier row of this file"),
        (13, "has the key of an earlier row of this file"),
    ]


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("orders", "-1", "is below 0"),
        ("gmv", "-0.01", "is below 0"),
        ("orders", "1.5", "is no whole number"),
        ("orders", "0x10", "is no whole number"),
        ("orders", "1_000", "is no whole number"),
        ("orders", "1e3", "is no whole number"),
        ("orders", "9223372036854775808", "is no whole number"),
        ("gmv", "100.00005", "is no plain number with at most 14 digits before and 4 after the point"),
        ("gmv", "1000050e-4", "is no plain number"),
        ("gmv", "123456789012345", "is no plain number"),
        ("gmv", "1.000,50", "has 11 fields where the header names 10"),
        ("gmv", "NaN", "is no plain number"),
        ("gmv", "Infinity", "is no plain number"),
        ("date", "2025-02-30", "is no day"),
        ("date", "2025/01/01", "is no day"),
        ("date", "2025-01-01 10:00:00", "is no day"),
        ("date", "infinity", "lies before 1990-01-01 or after"),
        ("date", "-infinity", "lies before 1990-01-01"),
        ("date", "epoch", "is no day"),
        ("date", "0202-01-01", "lies before 1990-01-01"),
        ("date", "2026-03-02", "lies in the future"),
        ("platform", "amazon", "is not known in core.platform.platform"),
        ("partnership_id", "deal_2", "is not known in core.partnership.partnership_id"),
        ("currency", "", "is empty where amounts are given"),
        ("currency", "RMB ", "is longer than"),
        ("currency", "cny", "is no currency that was money on that day"),
        ("refunded_gmv", "100.51", "is above gmv"),
        ("new_buyers", "6", "is above buyers"),
        (
            "channel",
            "=1+1",
            "is longer than 200 bytes, has spaces around it, holds a control",
        ),
        ("channel", "x" * 201, "is longer than 200 bytes"),
        ("channel", "search ", "is longer than 200 bytes, has spaces around it"),
    ],
)
def test_a_row_that_breaks_the_contract_is_quarantined(inbox: Inbox, column: str, text: str, reason: str) -> None:
    fields = dict(zip(DAILY.split(","), daily(1, "odd").split(","), strict=True)) | {column: text}
    inbox.csv("a.csv", [*channels(10), ",".join(fields.values())])
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (10, 1)
    ((line, blamed, raw, told),) = inbox.set_aside()
    assert (line, raw) == (12, ",".join(fields.values()))
    assert told.startswith(reason), told
    assert blamed == (None if "fields where" in reason else column)


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("orders", "+7", 7),
        ("orders", "7.0", 7),
        ("orders", "007", 7),
        ("gmv", "99.5", Decimal("99.5")),
        ("gmv", "99.50000000", Decimal("99.5")),
        ("gmv", "99", Decimal(99)),
        ("gmv", "12345678901234.5678", Decimal("12345678901234.5678")),
        ("date", "2025-01-01T00:00:00", date(2025, 1, 1)),
        ("channel", "“Suche” – 搜索", "“Suche” – 搜索"),
        ("partnership_id", "deal_1", "deal_1"),
    ],
)
def test_unusual_but_valid_values_are_loaded(inbox: Inbox, column: str, text: str, value: object) -> None:
    fields = dict(zip(DAILY.split(","), daily(1, "odd").split(","), strict=True)) | {column: text}
    inbox.csv("a.csv", [",".join(fields.values())])
    (load,) = inbox.load()
    assert load.status == "loaded", inbox.set_aside()
    assert inbox.rows(column) == [(value,)]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("1.5 as orders", "orders"),
        ("2e0::double as orders", ""),
        ("100.00005::double as gmv", "gmv"),
        ("100.1::double as gmv", ""),
        ("'nan'::double as gmv", "gmv"),
        ("100.00005::decimal(18, 6) as gmv", "gmv"),
        ("timestamp '2025-01-01 10:00:00' as date", "date"),
        ("timestamp '2025-01-01' as date", ""),
        ("99999999999999999999::hugeint as orders", "orders"),
    ],
)
def test_a_typed_file_is_held_to_the_contract_too(inbox: Inbox, tmp_path: Path, change: str, column: str) -> None:
    name = change.rpartition(" ")[2]
    row = "'pdd' as platform, date '2025-01-01' as date, 'CNY' as currency, 1 as orders, 100 as gmv"
    good = f"select {row}, 'c' || i as channel from range(10) as r(i)"
    odd = f"select * replace ({change}) from (select {row}, 'odd' as channel)"
    kind = change.replace(f" as {name}", "")
    good = f"select * replace (cast({name} as {inbox.con.sql(f'select typeof({kind})').fetchall()[0][0]}) as {name}) from ({good})"  # noqa: E501
    inbox.con.execute(f"copy ({good} union all by name {odd}) to '{tmp_path / 'p'}' (format parquet)")
    load = inbox.one("a", (tmp_path / "p").read_bytes())
    assert load.rows_quarantined == (1 if column else 0), inbox.set_aside()
    assert load.rows_loaded == 11 - load.rows_quarantined
    assert [(line, blamed) for line, blamed, *_ in inbox.set_aside()] == ([(11, column)] if column else [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"platform":"pdd","date":"2025-02-01","orders":1,"orders":2}', "has a field twice"),
        ('{"platform":"pdd","date":"2025-02-01","orders":NaN}', "is no JSON object"),
        ('{"platform":"pdd","date":"2025-02-01","orders":1.5}', "is no whole number"),
        (
            '{"platform":"pdd","date":"2025-02-01","currency":"CNY","gmv":1.000000000000000000001}',
            "is no plain",
        ),
        ('["platform","pdd"]', "is no JSON object"),
        ('{"platform":"pdd","date":"2025-02-01"', "is no JSON object"),
        ('{"platform":"pdd","date":"2025-02-01","channel":"\\ud800"}', "holds half a character"),
        ('{"platform":"pdd","date":"2025-02-01","channel":"\\u0000"}', "holds a NUL byte"),
        ("[" * 100_000, "is no JSON object"),
        ('{"platform":"pdd","date":"2025-02-01"}', "has no figure at all"),
    ],
)
def test_a_faulty_line_of_json_is_quarantined(inbox: Inbox, text: str, reason: str) -> None:
    good = [f'{{"platform":"pdd","date":"2025-01-{day:02}","orders":{day}}}' for day in range(1, 11)]
    load = inbox.one("a", "\n".join([*good, text, ""]))
    assert (load.rows_loaded, load.rows_quarantined) == (10, 1)
    ((line, _, _, told),) = inbox.set_aside()
    assert line == 11
    assert told.startswith(reason), told


def test_a_time_with_an_offset_is_converted_and_one_without_a_clock_is_quarantined(inbox: Inbox) -> None:
    header = "event_id,event_time,platform,channel,partnership_id,buyer_id_hash,amount,currency,status"
    times = ["2025-01-01 10:00:00", "2025-01-01T10:00:00Z", "2025-01-01 10:00:00.123456", "2025-01-01 10:00"]
    times += ["2025-01-01 10:00:00+00:00", "2025-01-01 18:00:00+08:00", "2025-01-01T04:30-0530", "2025-01-01"]
    inbox.csv("a.csv", [f"e{n},{time},pdd,,,b,1,CNY,placed" for n, time in enumerate(times)], header)
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (7, 1)
    assert inbox.rows("distinct event_time::timestamp(0)", "core.order_event") == [(datetime(2025, 1, 1, 10),)]
    assert inbox.set_aside()[0][1:3] == ("event_time", "e7,2025-01-01,pdd,,,b,1,CNY,placed")
    assert inbox.set_aside()[0][3].startswith("is no time; write YYYY-MM-DD HH:MM:SS in UTC, or with its offset")


def test_a_day_beyond_the_calendar_that_an_earlier_version_loaded_is_moved_into_quarantine(inbox: Inbox) -> None:
    """It stopped every run: Python has no such date, and a period without end has no days to count."""
    header = "currency,quote_currency,period_start,period_end,rate,source"
    inbox.csv("a.csv", [f"EUR,USD,2025-01-0{day},2025-01-0{day},1.1,me" for day in range(1, 4)], header)
    inbox.load()
    inbox.con.execute("update core.fx_rate set period_end = 'infinity' where period_start = '2025-01-02'")
    inbox.con.execute("update core.fx_rate set period_start = '12000-01-01' where period_start = '2025-01-03'")
    inbox.csv(
        "b.csv",
        ["EUR,USD,12000-01-01,12000-01-01,1.1,me", *(f"EUR,USD,2025-02-0{d},2025-02-0{d},1.1,me" for d in range(1, 8))],
        header,
    )
    inbox.load()
    assert inbox.rows("count(*)", "core.fx_rate") == [(8,)]
    assert inbox.rows("rows_read, rows_loaded, rows_quarantined", "audit.load where file = 'a.csv'") == [(3, 1, 2)]
    found = inbox.rows("file, line, reason[:32]", "audit.quarantine where superseded_at is null")
    assert found == [
        ("a.csv", None, "has a day before 1990-01-01 or a"),
        ("a.csv", None, "has a day before 1990-01-01 or a"),
        ("b.csv", 2, "lies before 1990-01-01 or after "),
    ]
