"""CSV files as physical records: where each starts, its raw text, its fields and what is wrong with it.

No record is dropped: each is returned, sound or with its fault. An unterminated quotation mark makes only its own line
faulty; NUL bytes, other encodings, ragged rows and mixed line ends only the rows that have them. Blank lines and lines
of nothing but commas are no records. Files of any size are read record by record.

What goes wrong: a stray quotation mark that makes a reader join the rest of the file, commas in unquoted text,
spreadsheets that save another encoding or separator, NUL bytes from broken exports.
"""

from __future__ import annotations

import csv
import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from etl.errors import MendError

LONGEST_LINE = 1 << 20  # bytes
SHOWN = 10_000  # characters of a raw text that are kept
JOINED = 100  # lines that one quoted text may span
_DISGUISED = "=\"'\t "  # an empty cell as spreadsheets are given it: ="", a tab, an apostrophe
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

NUL = "holds a NUL byte; remove it"
NOT_UTF8 = "holds bytes that are not UTF-8; save the file as UTF-8, or retype the text"
LONG = f"is longer than {LONGEST_LINE:,} bytes"
_UNCLOSED = 'opens a quotation mark (") that no line closes; close it, or write "" for a mark within a text'


class Record(NamedTuple):
    r"""One record: the physical line where it starts (header = 1), its raw text, its fields, its fault.

    `fault` is '' for a sound record; the fields of a faulty one are a best effort, good for a message only.
    `is_cut` says that a faulty record is the last of its file, has no line end and lacks fields: the file breaks
    off there. Bytes that are not UTF-8 are shown as \xNN.
    """

    line: int
    raw: str
    fields: list[str]
    fault: str = ""
    is_cut: bool = False


@dataclass(frozen=True)
class Dialect:
    """How the records of a text file are written; `header` is the number of the line with their names.

    A lenient one takes empty fields behind those of the header, and gives a short record all of its fields.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    header: int = 1
    is_lenient: bool = False


@dataclass(frozen=True)
class CsvFile:
    """A small file as a whole: its SHA-256 (hexadecimal), the names of its header and its records."""

    content_hash: str
    columns: tuple[str, ...]
    records: tuple[Record, ...]


def read_csv(path: Path, shown_as: str, required: Sequence[str], optional: Sequence[str]) -> CsvFile:
    """A comma-separated UTF-8 file with a header line; a byte order mark is allowed.

    Columns may be in any order; `optional` ones may be absent. `shown_as` names the file in messages.
    Raises MendError if the file cannot be read, is not UTF-8 text or has another header.
    """
    expected = f"expected UTF-8 text with the columns {', '.join(required)}"
    expected += f" (optional: {', '.join(optional)})" if optional else ""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MendError(
            f"{shown_as}: cannot be read ({error.strerror}); {expected}; fix: check the path and its permissions"
        ) from error
    columns, found, fix = _header(next(physical_lines(BytesIO(data)), b""), required, optional)
    if found:
        raise MendError(f"{shown_as}: found {found}; {expected}; fix: {fix}")
    records = tuple(read_records(BytesIO(data), len(columns)))
    if len(records) > 1 and all(record.fault == NOT_UTF8 for record in records):
        raise MendError(f"{shown_as}: found another encoding than UTF-8; {expected}; fix: save it as UTF-8")
    return CsvFile(hashlib.sha256(data).hexdigest(), columns, records)


PLAIN = Dialect()


def read_records(file: BinaryIO, width: int, dialect: Dialect = PLAIN) -> Iterator[Record]:
    """The records of a CSV file after its header line, which names `width` columns."""
    lines = physical_lines(file)
    for _ in range(dialect.header):
        next(lines, None)
    ahead: deque[bytes] = deque()
    number, blank = dialect.header, f"\r\n{dialect.delimiter}".encode()
    while line := ahead.popleft() if ahead else next(lines, b""):
        number += 1
        if not line.strip(blank):
            continue
        start = number
        fields, fault = _split(line, width, dialect)
        if fault == _UNCLOSED and (joined := _join(line, ahead, lines, width, dialect)):
            line, fields, fault, further = joined
            number += further
            for _ in range(further):
                ahead.popleft()
        is_cut = bool(fault) and len(fields) < width and not line.endswith((b"\n", b"\r"))
        if dialect.is_lenient:
            fields = [*([] if fault and not fault.startswith("has ") else fields), *[""] * width][:width]
        yield Record(start, shown(line, dialect.encoding), fields, fault, is_cut)


def physical_lines(file: BinaryIO) -> Iterator[bytes]:
    r"""Physical lines, ended by \n, \r\n or \r; of one that is too long only its beginning, which is too."""
    while piece := file.readline(LONGEST_LINE + 1):
        if len(piece) > LONGEST_LINE and not piece.endswith(b"\n"):
            while (more := file.readline(LONGEST_LINE + 1)) and not more.endswith(b"\n"):
                pass
            yield piece + b"\n"
        else:
            yield from piece.splitlines(keepends=True)


def decode(line: bytes, encoding: str = "utf-8") -> tuple[str, str]:
    """The text of a line without its end, and what is wrong with its bytes; then the text is a best effort."""
    if len(line) > LONGEST_LINE:
        return "", LONG
    try:
        text, fault = line.decode(encoding), ""
    except UnicodeDecodeError:
        text, fault = line.decode(encoding, errors="backslashreplace"), NOT_UTF8
    return text.rstrip("\r\n"), NUL if b"\0" in line else fault


def shown(raw: bytes | str, encoding: str = "utf-8") -> str:
    """A raw text fit for a table: other bytes than UTF-8 and NUL as escapes, cut where it is very long."""
    text = raw.decode(encoding, "backslashreplace") if isinstance(raw, bytes) else raw
    text = text.encode("utf-8", "backslashreplace").decode().rstrip("\r\n").replace("\0", "\\x00")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"


def _split(line: bytes, width: int, dialect: Dialect = PLAIN) -> tuple[list[str], str]:
    """Fields of a line and its fault; of a malformed one the fields that can be made out."""
    text, fault = decode(line, dialect.encoding)
    fields = text.split(dialect.delimiter)
    if '"' in text:
        try:
            fields = next(csv.reader([text], strict=True, delimiter=dialect.delimiter))
        except csv.Error as error:
            if "unexpected end" in str(error):
                return fields, _UNCLOSED
            return fields, f"is not well-formed CSV ({error}); double a quotation mark within a text"
    while dialect.is_lenient and len(fields) > width and not fields[-1].strip(_DISGUISED):
        fields.pop()
    if fault or len(fields) == width:
        return fields, fault
    fix = "put quotation marks around text with a comma" if len(fields) > width else "add what is missing"
    return fields, f"has {len(fields)} fields where the header names {width}; {fix}"


def _join(
    line: bytes, ahead: deque[bytes], lines: Iterator[bytes], width: int, dialect: Dialect
) -> tuple[bytes, list[str], str, int] | None:
    """The record that begins in `line` and ends on a later one: its text, fields, fault, and how many lines more.

    None unless the whole is well-formed, whatever its bytes and the number of its fields. A line that could be a
    record of its own is never part of another.
    """
    for count in range(1, JOINED + 1):
        if count > len(ahead):
            ahead.append(next(lines, b""))
        more = ahead[count - 1]
        fields, fault = _split(more, width, dialect)
        if not more or (more.strip() and len(fields) == width and fault in ("", NUL, NOT_UTF8)):
            return None
        line += more
        if more.count(b'"') % 2:
            fields, fault = _split(line, width, dialect)
            is_malformed = fault in (_UNCLOSED, LONG) or fault.startswith("is not well-formed")
            return None if is_malformed else (line, fields, fault, count)
    return None


def _header(line: bytes, required: Sequence[str], optional: Sequence[str]) -> tuple[tuple[str, ...], str, str]:
    """Names of the header line; or what is wrong with it, and the fix."""
    line = line.removeprefix(BYTE_ORDER_MARK)
    fix = "save the file as comma-separated UTF-8 text with a header line"
    if not line.strip():
        return (), "no header line" if line else "an empty file", fix
    if line.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in line:
        return (), "UTF-16 or binary data", fix
    names, _ = _split(line, 0)
    names, fault = _split(line, len(names))
    if fault:
        return (), f"a header line that {fault}", fix
    missing = [name for name in required if name not in names]
    unknown = [name for name in names if name not in (*required, *optional)]
    twice = sorted({name for name in names if names.count(name) > 1})
    fixes = [f"add {', '.join(missing)}"] if missing else []
    fixes += [f"remove or rename {', '.join(map(repr, unknown))}"] if unknown else []
    fixes += [f"keep one {', '.join(twice)}"] if twice else []
    if len(names) == 1 and missing:
        fixes = ["separate the columns with commas"]
    return tuple(names), f"the columns {', '.join(names)}" if fixes else "", "; ".join(fixes)
