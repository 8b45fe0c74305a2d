"""CSV files as physical records: where each starts, its raw text, its fields, and what is wrong with it.

Nothing is dropped and nothing swallowed: every record comes back, sound or with its fault. An unterminated
quotation mark costs its own line and no other. Blank lines are no records.

Goes wrong in practice: a stray quotation mark that eats the rest of the file, commas in unquoted text,
spreadsheets that save another encoding or separator, NUL bytes from broken exports.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from etl.errors import MendError

_MARK = b"\xef\xbb\xbf"
_NOT_UTF8 = "holds bytes that are not UTF-8; save the file as UTF-8, or retype the text"
_NUL = "holds a NUL byte; remove it"
_OF_BYTES = ("", _NOT_UTF8, _NUL)  # faults that leave the shape of a record sound


@dataclass(frozen=True)
class CsvRecord:
    r"""One record: the physical line where it starts (header = 1), its text as it stands, header -> field.

    `fault` is '' for a sound record; the fields of a faulty one are a best effort, good for a message only.
    Bytes that are not UTF-8 are shown as \xNN.
    """

    line: int
    raw_text: str
    fields: dict[str, str]
    fault: str


@dataclass(frozen=True)
class CsvFile:
    """A file's SHA-256 (hexadecimal) and its records."""

    content_hash: str
    records: tuple[CsvRecord, ...]


def read_csv(path: Path, shown: str, required: Sequence[str], optional: Sequence[str]) -> CsvFile:
    """All records of a comma-separated UTF-8 file with a header line; a byte order mark is allowed.

    Columns may stand in any order; `optional` ones may be absent. `shown` names the file in messages.
    Raises MendError if the file cannot be read, is not UTF-8 text or has another header.
    """
    expected = f"expected UTF-8 text with the columns {', '.join(required)}"
    expected += f" (optional: {', '.join(optional)})" if optional else ""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MendError(
            f"{shown}: cannot be read ({error.strerror}); {expected}; fix: check the path and its permissions"
        ) from error
    lines = data.removeprefix(_MARK).splitlines(keepends=True)
    names, found = _header(lines[0] if lines else b"")
    fix = found and "save the file as comma-separated UTF-8 text with a header line"
    if not found:
        found, fix = _differences(names, required, optional)
    if found:
        raise MendError(f"{shown}: found {found}; {expected}; fix: {fix}")
    records = tuple(_records(lines, names))
    if len(records) > 1 and all(record.fault == _NOT_UTF8 for record in records):
        raise MendError(f"{shown}: found another encoding than UTF-8; {expected}; fix: save it as UTF-8")
    return CsvFile(hashlib.sha256(data).hexdigest(), records)


def _header(line: bytes) -> tuple[list[str], str]:
    """Names of the header line; or what stands there instead."""
    if not line.strip():
        return [], "no header line" if line else "an empty file"
    if line.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in line:
        return [], "UTF-16 or binary data"
    names, fault = _parse(line)
    return names, f"a header line that {fault}" if fault else ""


def _differences(names: list[str], required: Sequence[str], optional: Sequence[str]) -> tuple[str, str]:
    """Say what is wrong with the column names, and the fix; two empty texts if nothing is."""
    missing = [name for name in required if name not in names]
    unknown = [name for name in names if name not in (*required, *optional)]
    twice = sorted({name for name in names if names.count(name) > 1})
    fixes = [f"add {', '.join(missing)}"] if missing else []
    fixes += [f"remove or rename {', '.join(map(repr, unknown))}"] if unknown else []
    fixes += [f"keep one {', '.join(twice)}"] if twice else []
    if len(names) == 1 and missing:
        fixes = ["separate the columns with commas"]
    return (f"the columns {', '.join(names)}", "; ".join(fixes)) if fixes else ("", "")


def _records(lines: list[bytes], names: list[str]) -> Iterator[CsvRecord]:
    at = 1
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        end, values, fault = _record(lines, at, len(names))
        raw = b"".join(lines[at:end]).rstrip(b"\r\n")
        text = raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
        yield CsvRecord(at + 1, text, dict(zip(names, values, strict=False)), fault)
        at = end


def _record(lines: list[bytes], at: int, width: int) -> tuple[int, list[str], str]:
    """Where the record that starts at line `at` ends (exclusive), its fields and its fault.

    A line that leaves a quotation mark open is joined up to the line that closes it, but only if the whole
    is well-formed and no further line in it could be a record of its own.
    """
    if not _is_open(lines[at]):
        values, fault = _parse(lines[at])
        return at + 1, values, fault or _misfit(values, width)
    end = next((end for end in range(at + 1, len(lines)) if lines[end].count(b'"') % 2), at) + 1
    values, fault = _parse(b"".join(lines[at:end]))
    if fault in _OF_BYTES and not any(_could_be_record(line, width) for line in lines[at + 1 : end]):
        return end, values, fault or _misfit(values, width)
    fault = 'opens a quotation mark (") that no line closes; close it, or write "" for a mark within a text'
    return at + 1, _parse(lines[at])[0], fault


def _could_be_record(line: bytes, width: int) -> bool:
    values, fault = _parse(line)
    return fault in _OF_BYTES and len(values) == width


def _misfit(values: list[str], width: int) -> str:
    if len(values) == width:
        return ""
    fix = "put quotation marks around text with a comma" if len(values) > width else "add what is missing"
    return f"has {len(values)} fields where the header names {width}; {fix}"


def _is_open(line: bytes) -> bool:
    """Whether the line ends within a quoted field."""
    if line.count(b'"') % 2 == 0:
        return False
    try:
        next(csv.reader([line.decode("latin-1").rstrip("\r\n")], strict=True))
    except csv.Error:
        return True
    return False


def _parse(raw: bytes) -> tuple[list[str], str]:
    """Fields of one record and its fault; of a malformed one the fields that can be made out."""
    text = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
    try:
        values = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        return text.split(","), f"is not well-formed CSV ({error}); double a quotation mark within a text"
    if b"\0" in raw:
        return values, _NUL
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return values, _NOT_UTF8
    return values, ""
