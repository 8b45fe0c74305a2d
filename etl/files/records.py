"""Odd CSV files record by record: those that DuckDB's reader would not read whole.

Every record comes back, sound or with its fault. An unterminated quotation mark costs its own line and no
other; NUL bytes, other encodings, ragged rows and mixed line ends cost the rows that have them.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LONGEST_LINE = 1 << 20  # bytes
SHOWN = 10_000  # characters of a raw text that are kept
JOINED = 100  # lines that one quoted text may span

NUL = "holds a NUL byte; remove it"
NOT_UTF8 = "holds bytes that are not UTF-8; save the file as UTF-8, or retype the text"
LONG = f"is longer than {LONGEST_LINE:,} bytes"
_OPEN = 'opens a quotation mark (") that no line closes; close it, or write "" for a mark within a text'


class FileError(ValueError):
    """A file that is refused whole; the message says why and what mends it."""


@dataclass(frozen=True)
class Record:
    """One record: line where it starts, raw text, fields in the order of the header (None is empty), fault.

    A faulty record has no fields.
    """

    line: int
    raw: str
    fields: list[str | None]
    fault: str = ""


def shown(raw: bytes | str) -> str:
    """A raw text fit for a table: other bytes than UTF-8 and NUL as escapes, cut where it is very long."""
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    text = text.encode("utf-8", "backslashreplace").decode().rstrip("\r\n").replace("\0", "\\x00")
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"


def csv_records(path: Path, width: int) -> Iterator[Record]:
    """Records of a CSV file after its header line. Raises FileError when its last line is cut short."""
    with path.open("rb") as file:
        numbered = enumerate(physical_lines(file), 1)
        next(numbered, None)
        ahead: deque[tuple[int, bytes]] = deque()
        while found := ahead.popleft() if ahead else next(numbered, None):
            number, line = found
            if not line.strip(b"\r\n"):
                continue
            fields, fault = _split(line, width)
            if fault == _OPEN:
                while len(ahead) < JOINED and (more := next(numbered, None)):
                    ahead.append(more)
                    if more[1].count(b'"') % 2 or not _split(more[1], width)[1]:
                        break
                joined, taken = _join(line, ahead, width)
                if joined:
                    fields, fault = joined, ""
                    line = b"".join([line, *(ahead.popleft()[1] for _ in range(taken))])
            if fault and not line.endswith((b"\n", b"\r")) and len(fields) < width:
                raise FileError(f"is cut short: its last line, {number}, breaks off; deliver it again, whole")
            yield Record(number, shown(line), [] if fault else [f or None for f in fields], fault)


def physical_lines(file: BinaryIO) -> Iterator[bytes]:
    r"""Physical lines, ended by \n, \r\n or \r; of one that is too long only its beginning, which is too."""
    while piece := file.readline(LONGEST_LINE + 1):
        if len(piece) > LONGEST_LINE and not piece.endswith(b"\n"):
            while (more := file.readline(LONGEST_LINE + 1)) and not more.endswith(b"\n"):
                pass
            yield piece + b"\n"
        else:
            yield from piece.splitlines(keepends=True)


def decoded(line: bytes) -> tuple[str, str]:
    """The text of a line without its end, and why it cannot be had."""
    if len(line) > LONGEST_LINE:
        return "", LONG
    if b"\0" in line:
        return "", NUL
    try:
        return line.decode().rstrip("\r\n"), ""
    except UnicodeDecodeError:
        return "", NOT_UTF8


def _split(line: bytes, width: int) -> tuple[list[str], str]:
    """Fields of a line and its fault."""
    text, fault = decoded(line)
    if fault:
        return [""] * width, fault
    try:
        fields = next(csv.reader([text], strict=True), []) if '"' in text else text.split(",")
    except csv.Error as error:
        if "unexpected end" in str(error):
            return text.split(","), _OPEN
        return [""] * width, f"is not well-formed CSV ({error}); double a quotation mark within a text"
    if len(fields) == width:
        return fields, ""
    fix = "put quotation marks around text with a comma" if len(fields) > width else "add what is missing"
    return fields, f"has {len(fields)} fields where the header names {width}; {fix}"


def _join(line: bytes, ahead: deque[tuple[int, bytes]], width: int) -> tuple[list[str], int]:
    """Fields of the record that begins in `line` and ends ahead, and how many lines further; else none.

    A line that could be a record of its own is never part of another.
    """
    text = line
    for count, (_, more) in enumerate(ahead, 1):
        if not _split(more, width)[1]:
            break
        text += more
        if more.count(b'"') % 2:
            fields, fault = _split_text(text, width)
            return (fields, count) if not fault else ([], 0)
    return [], 0


def _split_text(text: bytes, width: int) -> tuple[list[str], str]:
    if len(text) > LONGEST_LINE or b"\0" in text:
        return [], LONG
    try:
        rows = list(csv.reader(text.decode().splitlines(keepends=True), strict=True))
    except (csv.Error, UnicodeDecodeError):
        return [], _OPEN
    return (rows[0], "") if len(rows) == 1 and len(rows[0]) == width else ([], _OPEN)
