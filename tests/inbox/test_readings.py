"""However a file can be read (well, as exact text, record by record), the same rows stand in the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import MendError
from etl.files.lines import Examined, LineReader, Lines, examine
from etl.inbox import load as inbox_load
from etl.inbox import open as inbox_open
from etl.inbox.scan import copy_lines
from tests.support.inbox_files import DAILY, Inbox, daily, inbox_in

pytestmark = pytest.mark.slow

NUMBERS = st.sampled_from(
    [
        *("", "0", "7", "007", "+7", "-7", "7.0", "7.5", "1e3", "1e-9", "1_000", "0x10", " 7", "7 ", "NaN"),
        *("99999999999999", "100000000000000", "9223372036854775808", "1.00005", "1.0000", "1.23456000"),
        *("12345678901234.5678", ".5", "5.", "seven", "9" * 40, "-0", '"7"', '""', "12e"),
    ]
)
LINES = st.tuples(
    st.sampled_from(["pdd", "jd", "amazon", ""]),
    st.sampled_from(["2025-01-01", "2025-01-02", "2025/01/01", "2025-1-1", "2025-01-01 10:00:00", "", "epoch"]),
    st.sampled_from(["search", "live", "c1e5", "a_1", "=1", " x", "x ", '"a,b"', "\x7f", "é"]),
    st.sampled_from(["", "deal_1", "deal_2"]),
    st.sampled_from(["CNY", "", "cny", "RMB "]),
    *(NUMBERS for _ in range(5)),
    st.sampled_from(
        ["", "n", '"a\nb"', '"a ""q""\r\n\nb"', '"a,b\n1,2"', '"\n"', '"jd,2025-01-01,a,,CNY,1,1,1,1,1,\n"']
    ),
).map(",".join)
READINGS: dict[str, Callable[[Lines], Lines | None]] = {
    "as it is": lambda lines: lines,
    "quick": lambda lines: replace(lines, is_exact=True),
    "exact": lambda lines: replace(lines, is_exact=False),
    "one by one": lambda lines: None,
}


def outcome(home: Path, content: str, taken_for: Callable[[Lines], Lines | None]) -> list[Any]:
    """What is loaded and what is set aside when the lines of the file are taken for something else."""

    def mistaken(path: Path) -> Examined:
        found = examine(path)
        return replace(found, lines=found.lines and taken_for(found.lines))

    inbox = inbox_in(home)
    inbox.settings = inbox.settings.model_copy(update={"bad_share": 1.0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbox_load, "examine", mistaken)
        load = inbox.one("a.csv", content)
    found = [load.status, inbox.rows("* exclude (load_id, loaded_at)"), inbox.set_aside(), load.reason]
    inbox.con.close()
    return found


@given(lines=st.lists(LINES, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_way_of_reading_gives_the_same_rows(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    content = "\n".join([f"{DAILY},x_note", *lines, ""])
    tried = {
        name: outcome(tmp_path_factory.mktemp("home"), content, made)
        for name, made in READINGS.items()
        # What is not exact may be rounded when it is read well: that it is not is what the reader looks for.
        if name != "quick" or _lines(content).is_exact
    }
    assert tried["as it is"] == tried["exact"] == tried["one by one"]
    assert tried.get("quick", tried["exact"]) == tried["exact"]


def test_ndjson_gives_the_same_rows_by_lines_and_object_by_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sound rows, faulty values and two rows with one key: the same rows, lines and raw texts."""
    rows = [
        {"platform": "jd", "date": "2025-01-01", "channel": "京东", "currency": "CNY", "orders": 7, "gmv": 7.5},
        {"platform": "jd", "date": "2025-01-02", "channel": "a,b", "currency": "CNY", "orders": 1.5, "gmv": None},
        {"platform": "jd", "date": "2025-01-03", "channel": 'a"b', "currency": "CNY", "orders": "8", "gmv": "x"},
        {"platform": "jd", "date": "2025-01-01", "channel": "京东", "currency": "CNY", "orders": 9, "gmv": 0.1},
        {"platform": "jd", "date": "2025-01-04", "channel": "/", "currency": "CNY", "orders": None, "gmv": 10**13},
        {"platform": "jd", "date": "2025-01-05", "channel": "", "currency": "CNY", "orders": True, "gmv": 1e-05},
    ]
    content = "".join(f"{json.dumps(row)}\n" for row in rows)
    found = {}
    for name in ("by lines", "one by one"):
        inbox = inbox_in(tmp_path / name)
        inbox.settings = inbox.settings.model_copy(update={"bad_share": 1.0})
        with monkeypatch.context() as patch:
            used = {"by lines": "_write_out", "one by one": "_open_lines"}
            patch.setattr(inbox_open, used[name], lambda *_, **__: pytest.fail("read in the other way"))
            if name == "one by one":
                patch.setattr(inbox_open, "values_of_objects", lambda *_: None)
            load = inbox.one("a.ndjson", content)
        found[name] = [load.status, inbox.rows("* exclude (load_id, loaded_at)"), inbox.set_aside(), load.reason]
        inbox.con.close()
    assert found["by lines"] == found["one by one"]
    assert len(found["by lines"][1]) == 2
    assert [row[0] for row in found["by lines"][2]] == [2, 3, 4, 6]


def _lines(content: str) -> Lines:
    reader = LineReader()
    reader.read(content.encode())
    return reader.lines or Lines(count=0, ending="", width=0, has_quotes=False, is_exact=False, is_ascii=True)


@pytest.mark.parametrize(
    ("text", "is_exact"),
    [
        ("1.2345", True),
        ("1.23456", False),
        ("1.2345,6", True),
        ("1.23x45", True),
        ("1e3", False),
        ("1E-3", False),
        ("1.e5", False),
        ("1_000", False),
        ("c1e", True),
        ("channel_5,e5", True),
        ("0.5,12345678", True),
    ],
)
def test_numbers_that_could_be_rounded_are_noticed(text: str, is_exact: bool) -> None:
    width = text.count(",") + 1
    header, others = ",".join("abc"[:width]), ",".join("1" * width)
    assert _lines(f"{header},d\n{text},1\n{others},2\n").is_exact == is_exact
    assert _lines(f"{header}\n{others}\n{text}").is_exact == is_exact, "at the end of a file"


@pytest.mark.parametrize("odd", ["a\x00b", "a\rb", "", '"a', "a\tb", "a\r"])
def test_a_line_that_is_no_record_is_detected(odd: str) -> None:
    assert _lines("a\nb\n").count == 2
    reader = LineReader()
    for part in ("a\nb\n", f"{odd}\n", "c\n"):
        reader.read(part.encode())
    assert reader.lines is None


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ('a,b,c\n1,"x\ny",3\n', {1}),
        ('a,b,c\r\n1,"x\ny\r\n",3\r\n', {1}),
        ('a,b,c\n1,"x,\ny",3\n4,5,"\n"', {1, 2}),
        ('a,b,c\n"x\ny",2,3\n', None),  # y",2,3 may be a record of its own
        ('a,b,c\n1,"x\n1,2,3\n",3\n', None),
        ('a,"b\nb",c\n1,2,3\n', None),
        ('a,b,c\n1,"x\ry",3\n', None),
        ('a,b,c\n1,"x\ny\n', None),
        ('a,b,c\r\n1,"x\ny",3\n', None),
        ('a,b,c\n1,"' + "x\n" * 101 + '",3\n', None),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_texts_over_several_lines_are_seen_where_every_reader_tells_them_alike(
    text: str, broken: set[int] | None, size: int
) -> None:
    """Whether the file comes at once or line by line, and its record is cut between two parts."""
    reader, lines = LineReader(), text.encode().splitlines(keepends=True)
    for start in range(0, len(lines), size):
        reader.read(b"".join(lines[start : start + size]))
    assert (None if reader.lines is None else reader.lines.broken) == broken


def test_a_file_with_line_breaks_keeps_its_lines_where_keys_repeat(inbox: Inbox) -> None:
    """By hand: 100,000 records, of which every second has three lines; the last but one repeats the first."""
    lines = [daily(1 + n % 28, f"c{n}") + (',"a\r\n\nb"' if n % 2 else ",") for n in range(100_000)]
    lines[99_998] = daily(1, "c0", gmv="2") + ',"x\ny"'
    inbox.csv("a.csv", lines, f"{DAILY},x_note")
    (load,) = inbox.load()
    assert (load.rows_read, load.rows_quarantined, inbox.said) == (100_000, 1, [])
    assert [(line, raw) for line, _, raw, _ in inbox.set_aside()] == [(2 + 99_998 + 2 * 49_999, lines[99_998])]
    assert inbox.rows("extra['x_note']", "core.platform_metric_daily where channel = 'c1'") == [("a\r\n\nb",)]


def test_a_number_that_the_fast_path_cannot_hold_is_read_again_as_text(inbox: Inbox) -> None:
    """15 digits of orders fit into the table and not into the type of the quick reading."""
    inbox.csv("a.csv", [daily(1), daily(2, orders="123456789012345")])
    (load,) = inbox.load()
    assert (load.status, inbox.rows("max(orders)")) == ("loaded", [(123456789012345,)])
    assert inbox.said == []


def test_repeated_keys_are_found_in_runs_of_days(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten rows a run: of two rows with one key, far apart in the file, the first stands."""
    monkeypatch.setattr(inbox_load, "PART", 10)
    lines = [daily(1 + n % 28, f"c{n}", gmv="1") for n in range(280)]
    lines[250] = daily(1 + 7, "c7", gmv="2")
    inbox.csv("a.csv", lines)
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (279, 1)
    assert inbox.rows("gmv::integer", "core.platform_metric_daily where channel = 'c7'") == [(1,)]
    assert inbox.set_aside()[0][0] == 252


def test_an_empty_day_is_quarantined_where_keys_are_searched_in_runs(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_load, "PART", 10)
    inbox.csv("a.csv", [*(daily(1 + n % 28, f"c{n}") for n in range(280)), daily(1).replace("2025-01-01", "")])
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (280, 1)
    assert [(line, column) for line, column, *_ in inbox.set_aside()] == [(282, "date")]


def test_a_file_with_faults_is_loaded_in_one_order_or_another_with_the_same_lines(inbox: Inbox) -> None:
    """Faults of form and rule and a repeated key, thousands of rows apart: lines by hand, header included."""
    lines = [daily(1 + n % 28, f"c{n}") for n in range(300_000)]
    lines[5], lines[150_000] = daily(6, "c5", orders="x"), daily(1, "c150000", gmv="-1")
    lines[299_999] = daily(1, "c0", gmv="3")
    inbox.csv("a.csv", lines)
    (load,) = inbox.load()
    assert (load.rows_read, load.rows_quarantined) == (300_000, 3)
    assert [(line, column) for line, column, *_ in inbox.set_aside()] == [
        (7, "orders"),
        (150_002, "gmv"),
        (300_001, None),
    ]
    assert load.first_day == date(2025, 1, 1)


def test_only_the_lines_at_fault_are_read_again(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults that the reader, a form and a rule find, and 15 digits that the reader leaves out: lines by hand."""
    lines = [daily(1 + n % 28, f"c{n}") for n in range(200_000)]
    lines[5], lines[100_000] = daily(6, "c5", orders="x"), daily(1, '"c,1"', gmv="-1")
    lines[150_000] = daily(1, "c150000", orders="123456789012345")
    lines[199_999] = daily(1, "last").replace("2025-01-01", "2025/01/01")
    inbox.csv("a.csv", lines)
    asked, few_lines = list[Sequence[int]](), inbox_open._few_lines

    def few(path: Path, raw: Path, lines: Lines, numbers: Sequence[int], scratch: Path) -> inbox_open.Few:
        asked.append(numbers)
        return few_lines(path, raw, lines, numbers, scratch)

    monkeypatch.setattr(inbox_open, "_few_lines", few)
    (load,) = inbox.load()
    assert asked == [[7, 100_002, 150_002, 200_001]]
    assert (load.rows_read, load.rows_loaded, load.rows_quarantined) == (200_000, 199_997, 3)
    assert [(line, column, raw) for line, column, raw, _ in inbox.set_aside()] == [
        (7, "orders", lines[5]),
        (100_002, "gmv", lines[100_000]),
        (200_001, "date", lines[199_999]),
    ]
    assert inbox.rows("orders", "core.platform_metric_daily where channel = 'c150000'") == [(123456789012345,)]
    inbox.csv("b.csv", [daily(1, "b", orders="y"), *lines[:200]])
    (load,) = inbox.load()
    assert (load.rows_loaded, load.rows_quarantined) == (199, 2), "what the reader left out of the file before is gone"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_copied_with_their_numbers(tmp_path: Path, end: str) -> None:
    lines = [f"{number}{'x' * 1000}" for number in range(1, 5001)]
    (tmp_path / "all").write_bytes(end.join(lines).encode())
    copy_lines(tmp_path / "all", [1, 2, 2500, 5000], tmp_path / "few")
    assert (tmp_path / "few").read_text().splitlines() == [f"{n},{lines[n - 1]}" for n in (1, 2, 2500, 5000)]


def test_too_little_memory_is_reported_with_the_fix(inbox: Inbox) -> None:
    inbox.csv("a.csv", [daily(1 + n % 28, f"c{n}") for n in range(300_000)])
    inbox.con.execute("set memory_limit = '20MB'")
    with pytest.raises(MendError, match=r"a\.csv: no room to load it .* give it more with WAREHOUSE_MEM"):
        inbox.load()
    inbox.con.execute("set memory_limit = '1GB'")
    (load,) = inbox.load()
    assert (load.status, load.rows_loaded) == ("loaded", 300_000)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path / "home")
