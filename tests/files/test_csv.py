"""Physical records: nothing lost, nothing swallowed, every fault named with its line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import MendError
from etl.files.csv import CsvFile, read_csv

HEADER = b"key,name,note\n"


def read(folder: Path, data: bytes) -> CsvFile:
    path = folder / "things.csv"
    path.write_bytes(data)
    return read_csv(path, "own/things.csv", ("key", "name"), ("note",))


def test_line_numbers_are_physical_and_raw_text_is_kept(tmp_path: Path) -> None:
    body = b'a,A,"first\nsecond, with comma"\r\n\r\nb,"B ""x""",\nc,5" screen,z'
    records = read(tmp_path, HEADER + body).records
    assert [(record.line, record.fault) for record in records] == [(2, ""), (5, ""), (6, "")]
    assert records[0].raw_text == 'a,A,"first\nsecond, with comma"'
    assert records[0].fields == {"key": "a", "name": "A", "note": "first\nsecond, with comma"}
    assert records[1].fields == {"key": "b", "name": 'B "x"', "note": ""}
    assert records[2].fields["name"] == '5" screen'


def test_byte_order_mark_column_order_and_absent_optional_columns_are_fine(tmp_path: Path) -> None:
    file = read(tmp_path, b"\xef\xbb\xbfname,key\nA,a\n")
    assert file.records[0].fields == {"name": "A", "key": "a"}
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
def test_a_faulty_row_affects_no_other_row(tmp_path: Path, line: bytes, fault: str) -> None:
    records = read(tmp_path, HEADER + b"a,A,x\n" + line + b'\nc,C,"z, z"\nd,D,\n').records
    assert [record.fields["key"] for record in records] == ["a", "b", "c", "d"]
    assert [bool(record.fault) for record in records] == [False, True, False, False]
    assert fault in records[1].fault
    assert records[1].line == 3
    assert records[1].raw_text == line.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def test_stray_quotes_swallow_no_rows(tmp_path: Path) -> None:
    records = read(tmp_path, HEADER + b'a,A,"open\nb,B,fine\nc,C,closed"\nd,D,\n').records
    assert [(r.line, r.fields["key"], bool(r.fault)) for r in records] == [
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
    assert [(tuple(record.fields.values()), record.fault) for record in records] == [(row, "") for row in rows]


@settings(max_examples=300, deadline=None)
@given(st.text('ab",\n ', max_size=60))
def test_every_line_belongs_to_exactly_one_record(tmp_path_factory: pytest.TempPathFactory, body: str) -> None:
    records = read(tmp_path_factory.mktemp("csv"), HEADER + body.encode()).records
    covered = [line for record in records for line in record.raw_text.split("\n") if line.strip()]
    assert covered == [line for line in body.split("\n") if line.strip()]
    at = [record.line for record in records]
    assert at == sorted(set(at))
