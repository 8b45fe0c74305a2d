"""Physical records: nothing lost, nothing swallowed, every fault named with its line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import MendError
from etl.files.csv import CsvFile, Record, read_csv, read_records

HEADER = b"key,name,note\n"


def read(folder: Path, data: bytes) -> CsvFile:
    path = folder / "things.csv"
    path.write_bytes(data)
    return read_csv(path, "own/things.csv", ("key", "name"), ("note",))


def records_of(body: bytes, width: int = 3) -> list[Record]:
    return list(read_records(io.BytesIO(HEADER + body), width))


def test_lines_are_physical_and_raw_text_is_what_stands_there() -> None:
    body = b'a,A,"first\nsecond, with comma"\r\n\r\nb,"B ""x""",\nc,5" screen,z'
    records = records_of(body)
    assert [(record.line, record.fault) for record in records] == [(2, ""), (5, ""), (6, "")]
    assert records[0].raw == 'a,A,"first\nsecond, with comma"'
    assert records[0].fields == ["a", "A", "first\nsecond, with comma"]
    assert records[1].fields == ["b", 'B "x"', ""]
    assert records[2].fields[1] == '5" screen'


def test_byte_order_mark_column_order_and_absent_optional_columns_are_fine(tmp_path: Path) -> None:
    file = read(tmp_path, b"\xef\xbb\xbfname,key\nA,a\n")
    assert (file.columns, file.records[0].fields) == (("name", "key"), ["A", "a"])
    assert read(tmp_path, b"name,key\nA,a\n").content_hash != file.content_hash


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"b,B", "has 2 fields where the header names 3"),
        (b"b,B,x,y", "has 4 fields where the header names 3"),
        (b"b,B,caf\xe9", "not UTF-8"),
        (b"b,B,\0", "NUL byte"),
        (b'b,B,"open', "opens a quotation mark"),
        (b'b,"B"x,y', "not well-formed CSV"),
        (b'b,"two\nlines"', "has 2 fields where the header names 3"),
        (b'b,"two\nlines\xe9",y', "not UTF-8"),
    ],
)
def test_a_faulty_row_costs_itself_and_no_other(line: bytes, fault: str) -> None:
    records = records_of(b"a,A,x\n" + line + b'\nc,C,"z, z"\nd,D,\n')
    assert [record.fields[0] for record in records] == ["a", "b", "c", "d"]
    assert [bool(record.fault) for record in records] == [False, True, False, False]
    assert fault in records[1].fault
    assert records[1].line == 3
    assert records[1].raw == line.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def test_a_stray_mark_that_meets_another_swallows_nothing() -> None:
    records = records_of(b'a,A,"open\nb,B,fine\nc,C,closed"\nd,D,\n')
    assert [(r.line, r.fields[0], bool(r.fault)) for r in records] == [
        (2, "a", True),
        (3, "b", False),
        (4, "c", False),
        (5, "d", False),
    ]


@pytest.mark.parametrize(
    ("data", "found", "fix"),
    [
        (b"", "an empty file", "header line"),
        (b"\nkey,name\n", "no header line", "header line"),
        ("key,name\n".encode("utf-16"), "UTF-16", "UTF-8"),
        ("key,name\n".encode("utf-16-le"), "UTF-16", "UTF-8"),
        (b"key,n\xe4me\na,b\n", "not UTF-8", "UTF-8"),
        (b"key;name;note\na;A;\n", "key;name;note", "separate the columns with commas"),
        (b"key,note\na,A\n", "the columns key, note", "add name"),
        (b"key,name,notes\na,A,\n", "the columns key, name, notes", "remove or rename 'notes'"),
        (b"key,name,name\na,A,A\n", "key, name, name", "keep one name"),
        (b"key,name\n" + "京东,平台\n拼多多,平台\n".encode("gbk"), "another encoding", "save it as UTF-8"),
    ],
)
def test_an_unreadable_file_is_refused_with_what_was_found_and_the_fix(
    tmp_path: Path, data: bytes, found: str, fix: str
) -> None:
    with pytest.raises(MendError) as error:
        read(tmp_path, data)
    before, _, after = str(error.value).partition("; fix: ")
    assert before.startswith("own/things.csv: found ")
    assert found in before
    assert "expected UTF-8 text with the columns key, name (optional: note)" in before
    assert fix in after


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MendError, match="cannot be read"):
        read_csv(tmp_path / "none.csv", "none.csv", ("key",), ())
    with pytest.raises(MendError, match="cannot be read"):
        read_csv(tmp_path, "folder", ("key",), ())


CELL = st.text(st.characters(codec="utf-8", exclude_characters=",\0\r\x85\u2028\u2029"), max_size=6)
KEY = CELL.filter(lambda text: text.strip() and "\n" not in text)
ROW = st.tuples(KEY, CELL, CELL)


@settings(max_examples=200, deadline=None)
@given(st.lists(ROW, max_size=6))
def test_written_records_are_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("key", "name", "note"), *rows])
    records = read(tmp_path_factory.mktemp("csv"), text.getvalue().encode()).records
    assert [(tuple(record.fields), record.fault) for record in records] == [(row, "") for row in rows]


@settings(max_examples=300, deadline=None)
@given(st.text('ab",\n ', max_size=60))
def test_every_line_belongs_to_exactly_one_record(body: str) -> None:
    records = records_of(body.encode())
    covered = [line for record in records for line in record.raw.split("\n") if line]
    # A line of nothing but commas is no record, unless it is a part of a quoted text.
    assert [line for line in covered if line.strip(",")] == [line for line in body.split("\n") if line.strip(",")]
    at = [record.line for record in records]
    assert at == sorted(set(at))


@pytest.mark.parametrize(
    ("body", "records"),
    [
        (b"   \na,A,x\n", [(2, "has 1 fields"), (3, "")]),
        (b'a,"two\nlines"\nb,B,x\n', [(2, "has 2 fields"), (4, "")]),
        (b'a,"open\nb,B,\xff\nc,C,closed"\n', [(2, "opens a quotation mark"), (3, "not UTF-8"), (4, "")]),
        (b'a,"open\n' + b"filling\n" * 100 + b'closed",x\n', [(2, "opens a quotation mark"), (3, "has 1 fields")]),
    ],
)
def test_where_two_readers_once_disagreed(body: bytes, records: list[tuple[int, str]]) -> None:
    """A line of spaces is a faulty row, as is a quoted line break in a row that lacks a field; a line whose only
    fault is its bytes is a record of its own; and a text of more than a hundred lines is no text.
    """
    found = [(record.line, record.fault) for record in records_of(body)]
    assert all(line == wanted and fault in told for (line, told), (wanted, fault) in zip(found, records, strict=False))
    assert len(found) >= len(records)


@pytest.mark.parametrize(
    ("body", "is_cut"), [(b"a,A", True), (b"a,A\n", False), (b"a,A,x", False), (b"a,A,x,y", False), (b'a,"A', True)]
)
def test_a_file_that_breaks_off_is_noticed(body: bytes, is_cut: bool) -> None:
    assert [record.is_cut for record in records_of(body)] == [is_cut]


def test_a_line_that_is_too_long_costs_no_memory() -> None:
    long, after = records_of(b"a,A," + b"x" * 3_000_000 + b"\nb,B,y\n")
    assert (long.line, long.fault) == (2, "is longer than 1,048,576 bytes")
    assert len(long.raw) < 11_000
    assert after == Record(3, "b,B,y", ["b", "B", "y"])
