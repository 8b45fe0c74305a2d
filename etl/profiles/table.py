"""A delivered file as a table of texts, whatever program wrote it: where its header may be, and its records.

Text files are tried in several encodings and with several separators, and their header may stand below titles; of
workbooks, JSON and Parquet the same is known at once. Nothing is guessed from names or separators alone: the header is
the line that a profile knows.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

from etl.errors import FileError
from etl.files import json, xlsx
from etl.files.csv import BYTE_ORDER_MARK, LONGEST_LINE, Dialect, Record, decode, physical_lines, read_records
from etl.files.kinds import unusable
from etl.files.lines import Lines, fold, is_bare, largest_unpacked, new_line
from etl.inbox import parquet
from etl.inbox.scan import CSV, Progress, line_of, unfolded, values_of_objects, write_out
from etl.profiles.found import CUT, Cells, Head
from etl.warehouse import Connection, sql_path

LINES = 15  # among which the header is looked for
DELIMITERS = (",", "\t", ";")
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
ASSUMED = ("utf-8", "gb18030", "cp1252")


class Delivered:
    """One delivered file, unpacked: how it may be read, and its table once its header is known."""

    def __init__(self, con: Connection, path: Path, start: bytes, lines: Lines | None, scratch: Path) -> None:
        self._con, self._path, self._scratch, self._lines = con, path, scratch, lines
        self._start = start
        self._book: tuple[Record, ...] = ()
        self._rest: Iterator[Record] = iter(())

    def heads(self, paths: Mapping[str, None]) -> Iterator[Head]:
        """Every header that the file may have; `paths` are those of lists of records in JSON documents.

        Raises FileError for a file that no reader takes.
        """
        start = self._start
        if start.startswith(b"PAR1"):
            fields, _ = parquet.fields(self._con, sql_path(self._path))
            yield Head(tuple(field.name for field in fields))
        elif start.startswith(b"PK\x03\x04"):
            yield from self._book_heads()
        elif start.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] in (b"{", b"["):
            yield from self._json_heads(paths)
        elif not start.startswith(UTF16) and (reason := unusable(start)) and not start.lower().startswith(b"sep="):
            raise FileError(reason)
        else:
            yield from self._text_heads()

    def table(self, head: Head, progress: Progress) -> Cells:
        """The rows under that header. Raises FileError for a file that breaks off."""
        start, names = self._start, list(head.names)
        if start.startswith(b"PAR1"):
            file = sql_path(self._path)
            fields, rows = parquet.fields(self._con, file)
            texts = [replace(field, value=f"({field.value})::varchar") for field in fields]
            return Cells(parquet.scans(file, texts)[1], rows)
        if start.startswith(b"PK\x03\x04"):
            behind = chain(self._book, self._rest)
            records: Iterator[Record] = (
                xlsx.fitted(row, len(names)) for row in behind if row.line > head.dialect.header
            )
        elif head.records:
            records = json.read_document(self._path, names, head.records)
        elif start.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] in (b"{", b"["):
            values = self._scratch / "values.csv"
            found = values_of_objects(self._con, self._path, values)
            if found and found[0] == head.names:
                return _plain(values, found[1], header=0)
            records = json.read_records(self._path, names)
        else:
            if self._lines and self._is_plain(head, self._lines):
                path = self._path
                if self._lines.broken:
                    fold(path, path := self._scratch / "folded")
                return _plain(path, self._lines, header=1)
            records = self._records(head)
        is_text = not start.startswith(b"PK\x03\x04") and bool(head.dialect.is_lenient)
        scan, rows, _ = write_out(names, records, self._scratch, progress, keep_faulty=is_text)
        return Cells(scan.sql, rows)

    @staticmethod
    def _is_plain(head: Head, lines: Lines) -> bool:
        """Whether DuckDB separates the file as it is: every line is a record, below a header in the first."""
        dialect = head.dialect
        is_usual = dialect.delimiter == "," and dialect.header == 1 and dialect.encoding == "utf-8"
        return is_usual and lines.width == len(head.names)

    def _records(self, head: Head) -> Iterator[Record]:
        with self._path.open("rb") as file:
            for record in read_records(file, len(head.names), head.dialect):
                yield record._replace(fault=CUT, is_cut=False) if record.is_cut else record

    def _text_heads(self) -> Iterator[Head]:
        if self._start.startswith(UTF16):
            self._path, self._lines = _in_utf8(self._path, self._scratch / "in_utf8"), None
        with self._path.open("rb") as file:
            first = [line for line in islice(physical_lines(file), LINES) if line.strip()]
        with self._path.open("rb") as file:
            numbered = list(enumerate(islice(physical_lines(file), LINES), 1))
        for encoding in ["utf-8"] if self._lines else _encodings(self._path, first):
            above: list[str] = []
            for number, line in numbered:
                text, fault = decode(line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line, encoding)
                if text.strip() and not fault:
                    for delimiter in DELIMITERS:
                        names = _names(text, delimiter)
                        if names:
                            dialect = Dialect(delimiter, encoding, number, is_lenient=True)
                            yield Head(names, "\n".join(above), dialect)
                above.append(text)

    def _book_heads(self) -> Iterator[Head]:
        rows = xlsx.read_rows(self._path, largest_unpacked(self._path))
        self._book, self._rest = tuple(islice(rows, LINES)), rows
        above: list[str] = []
        for row in self._book:
            names = [name.strip() for name in row.fields]
            while names and not names[-1]:
                names.pop()
            yield Head(tuple(names), "\n".join(above), Dialect(header=row.line))
            above.append("\t".join(row.fields).strip())

    def _json_heads(self, paths: Mapping[str, None]) -> Iterator[Head]:
        try:
            names: list[str] = []
            for record in islice(json.read_records(self._path, names), 1000):
                del record
            yield Head(tuple(names))
        except FileError:
            for path in ("", *paths):
                if names := json.names_of(self._path, path):
                    yield Head(tuple(names), records=path or ".")


def _plain(path: Path, lines: Lines, header: int) -> Cells:
    """The rows of a CSV file that DuckDB separates as it is; `header` is how many lines stand before them."""
    broken = [f"f{number}" for number in sorted(lines.broken)]
    line = line_of(header + 1, broken) if broken else "null::bigint"
    fields = f"* replace ({', '.join(f'{unfolded(name)} as {name}' for name in broken)})" if broken else "*"
    columns = ", ".join(f"f{number}: 'varchar'" for number in range(lines.width))
    scan = (
        f"(select {line} as line, null::varchar as raw, null::varchar as broken, {fields} from read_csv("
        f"{sql_path(path)}, {CSV}, skip = {header}, {new_line(lines.ending)}null_padding = false, "
        f"max_line_size = {LONGEST_LINE}, parallel = true, columns = {{{columns}}}, ignore_errors = false))"
    )
    bare = is_bare(path)
    return Cells(scan, lines.count - header, header + 1, is_bare=bare, is_exact=bare and lines.is_exact)


def _names(text: str, delimiter: str) -> tuple[str, ...]:
    """The names of a header line, without empty ones at its end."""
    try:
        names = [name.strip() for name in next(csv.reader([text], strict=True, delimiter=delimiter), [])]
    except csv.Error:
        return ()
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _in_utf8(path: Path, target: Path) -> Path:
    """The text of a UTF-16 file in UTF-8. Raises FileError for a damaged one."""
    try:
        with path.open(encoding="utf-16", newline="") as source, target.open("w", encoding="utf-8", newline="") as file:
            while piece := source.read(1 << 20):
                file.write(piece)
    except UnicodeError as error:
        raise FileError(f"is damaged UTF-16 text ({str(error)[-60:]}); deliver it again, whole") from error
    return target


def _encodings(path: Path, first: list[bytes]) -> list[str]:
    """The encodings that the file may have, the likeliest first.

    It is UTF-8 where most lines with other characters than ASCII are. Of the others GB 18030 needs characters of GB
    2312 below a header in ASCII, because it takes almost any text of Western Europe for Chinese.
    """
    other, faulty, is_chinese = 0, 0, True
    with path.open("rb") as file:
        for line in physical_lines(file):
            if line.isascii():
                continue
            other += 1
            if decode(line)[1]:
                faulty += 1
                is_chinese = is_chinese and _is(line, "gb2312")
    if faulty * 2 <= other:
        return ["utf-8"]
    header_is_ascii = all(line.isascii() for line in first)
    return (["gb18030"] if is_chinese or not header_is_ascii else []) + ["cp1252"]


def _is(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
