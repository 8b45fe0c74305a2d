"""The way of a row through the code: which modules it passes, and how often its file is opened and read."""

from __future__ import annotations

import gzip
import io
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import openpyxl
import pytest

from etl.config import ROOT
from etl.inbox.load import load_inbox
from tests.support.inbox_files import DAILY, daily, inbox_in

# Python's `open` events and DuckDB's statements, by the name of the file that they are about.
OPENED: Counter[str] = Counter()
AUDITED: set[str] = set()


def count_opened(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and str(arguments[0]) in AUDITED:
        OPENED[str(arguments[0])] += 1


sys.addaudithook(count_opened)


class CountedConnection:
    """A connection that counts the statements that name a file or the link by which it is read."""

    def __init__(self, con: Any, *paths: Path) -> None:
        self._con, self._paths, self.reads = con, tuple(map(str, paths)), 0

    def execute(self, sql: str, *arguments: Any) -> Any:
        self.reads += any(path in sql for path in self._paths)
        return self._con.execute(sql, *arguments)


def opened_and_read(home: Path, content: bytes) -> tuple[str, int, int]:
    """How the file was loaded, how often Python opened it, and how many statements of DuckDB read it."""
    inbox = inbox_in(home)
    path = inbox.put("delivered", content)
    link = inbox.settings.build_db.parent / "inbox" / "delivered"
    AUDITED.update({str(path), str(link)})
    con = CountedConnection(inbox.con, path, link)
    (load,) = load_inbox(con, inbox.settings, inbox.now, progress=inbox.said.append)  # type: ignore[arg-type]
    AUDITED.clear()
    opened = OPENED.total()
    OPENED.clear()
    return load.status, opened, con.reads


LINES = [daily(day) for day in range(1, 21)]


def text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in (DAILY, *lines)).encode()


def parquet(home: Path, orders: str) -> bytes:
    inbox = inbox_in(home)
    rows = (
        f"select 'pdd' as platform, date '2025-01-01' + i::integer as date, {orders} as orders from range(20) as r(i)"
    )
    inbox.con.execute(f"copy ({rows}) to '{home / 'p'}' (format parquet)")
    return (home / "p").read_bytes()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for line in (DAILY, *LINES):
        book.worksheets[0].append(line.split(","))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


CLEAN: dict[str, Callable[[Path], bytes]] = {
    "csv": lambda home: text(LINES),
    "csv with quotation marks": lambda home: text([line.replace("search", '"a, b"') for line in LINES]),
    "csv read as text": lambda home: text([line.replace("100.50", "1.050000") for line in LINES]),
}
FAULTY: dict[str, Callable[[Path], bytes]] = {
    "a number": lambda home: text([*LINES, daily(21, orders="many")]),
    "a rule": lambda home: text([*LINES, daily(21, orders="-1")]),
    "a key": lambda home: text([*LINES, daily(20, gmv="1")]),
    "all of these": lambda home: text([*LINES, daily(20), daily(21, orders="many"), daily(22, orders="-1")]),
}


@pytest.mark.parametrize("kind", CLEAN)
def test_a_clean_file_is_opened_once_and_read_once(tmp_path: Path, kind: str) -> None:
    assert opened_and_read(tmp_path / "home", CLEAN[kind](tmp_path)) == ("loaded", 1, 1)


@pytest.mark.parametrize("kind", FAULTY)
def test_of_a_file_with_faults_the_lines_at_fault_are_read_again_and_all_where_keys_repeat(
    tmp_path: Path, kind: str
) -> None:
    """Python copies the lines at fault; of repeated keys DuckDB has to find the first."""
    once_more = (1, 2) if kind in ("a key", "all of these") else (2, 1)
    assert opened_and_read(tmp_path / "home", FAULTY[kind](tmp_path)) == ("partly_loaded", *once_more)


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("a quotation mark that nothing closes", text([*LINES, daily(21, '"open')]), "partly_loaded"),
        ("blank lines", text([*LINES, ""]), "loaded"),
        ("gzip", gzip.compress(text(LINES)), "loaded"),
        ("gzip with faults", gzip.compress(text([*LINES, daily(21, orders="-1")])), "partly_loaded"),
        ("XLSX", workbook(), "loaded"),
    ],
)
def test_what_python_reads_is_opened_twice(tmp_path: Path, kind: str, content: bytes, status: str) -> None:
    """Once to be recognised, once to be unpacked or read record by record; DuckDB reads what that gives."""
    assert opened_and_read(tmp_path / "home", content) == (status, 2, 0)


def test_ndjson_of_two_shapes_is_opened_once_more_than_by_record(tmp_path: Path) -> None:
    """Recognised, tried by its lines, read object by object."""
    shapes = b'{"platform":"pdd","date":"2025-01-01","orders":7}\n{"date":"2025-01-02","platform":"pdd","orders":7}\n'
    assert opened_and_read(tmp_path / "home", shapes) == ("loaded", 3, 0)


def test_ndjson_of_one_shape_is_opened_once_more_to_take_its_names_out(tmp_path: Path) -> None:
    """DuckDB reads it once, to say whether every line is JSON; then it reads the values alone."""
    content = b'{"platform":"pdd","date":"2025-01-01","orders":7}\n'
    assert opened_and_read(tmp_path / "home", content) == ("loaded", 2, 1)


@pytest.mark.parametrize(("orders", "status", "reads"), [("i", "loaded", 5), ("i - 1", "partly_loaded", 6)])
def test_parquet_is_opened_once_and_its_footer_read(tmp_path: Path, orders: str, status: str, reads: int) -> None:
    """Four statements more than for CSV: number of rows, columns, their types and the writer stand in the footer."""
    assert opened_and_read(tmp_path / "home", parquet(tmp_path / "other", orders)) == (status, 1, reads)


def test_a_clean_row_passes_few_modules(tmp_path: Path) -> None:
    inbox = inbox_in(tmp_path / "home")
    inbox.csv("a.csv", LINES)
    modules = modules_passed(inbox.load)
    passed = {path for path in modules if path.startswith("etl/")}
    assert {"etl/inbox/load.py", "etl/files/lines.py", "etl/ledger.py"} <= passed
    assert len(passed) <= 14, sorted(passed)  # four of them keep it in the archive


def modules_passed(work: Callable[[], object]) -> set[str]:
    """The files of the project whose functions are called."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        path = str(frame.f_globals.get("__file__", ""))
        if event == "call" and path.startswith(str(ROOT)):
            found.add(path.removeprefix(f"{ROOT}/"))

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found
