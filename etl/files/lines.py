"""One pass over the bytes of a delivered file: its hash, how it begins, and whether each line is a record.

The result decides how the file can be read safely: by DuckDB's reader if each line is a record to every reader, and
with typed columns if no number in it could be rounded. numpy scans a block of bytes at a time, so that all of it costs
about as much as the hash.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from etl.errors import FileError
from etl.files.csv import BYTE_ORDER_MARK, JOINED, LONGEST_LINE

BLOCK = 1 << 20
# What unpacks to more than this, and to that many times its size, is refused.
SMALL, RATIO = 64 << 20, 200
# Bytes at the edges of fields, and blanks of more than one byte: no-break, ideographic, byte order mark.
FOLDED = "\x02\x03"  # what stands for a line feed and a return within a text; no file of lines has them otherwise
_EDGES = np.isin(np.arange(256), (10, 13, 34, 44))
_WIDE_BLANKS = ("\u00a0".encode(), "\u3000".encode(), BYTE_ORDER_MARK)
_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*[^\r\n]*")
_LOOSE_SIGN = re.compile(rb'(?:^|[,\n"]) *[+-] ')
_Bytes = npt.NDArray[np.uint8]
_Marks = npt.NDArray[np.bool_]
_Places = npt.NDArray[np.int64]
_Source = BinaryIO | gzip.GzipFile


@dataclass(frozen=True)
class Lines:
    r"""Of a CSV file whose records every reader tells alike: how many, how they end (\n or \r\n), their fields.

    Each record is a line, or has line breaks within quotation marks, in the fields of the numbers `broken`; `fold`
    makes a line of each.

    In exact ones no digit is followed by an exponent or an underscore, no point by five digits, and no field begins
    with a sign and a blank: what reads as a number is the number that stands there. `is_ascii`: no other characters.
    """

    count: int
    ending: str
    width: int
    has_quotes: bool
    is_exact: bool
    is_ascii: bool
    broken: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Scan:
    """One way in which DuckDB reads a file: the SQL, and the type of each field f0, f1, ... that it gives."""

    sql: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Examined:
    """What one pass over a file tells: its SHA-256 (hexadecimal), how it begins, and its lines.

    `start` goes to the end of the first line that is not blank, at most 64 KB; `lines` is None unless each line is
    a record to every reader.
    """

    content_hash: str
    start: bytes
    lines: Lines | None


class LineReader:
    """Looks at the parts of one file, in order; `lines` is what was found, None where some line is odd.

    Odd are lines with control characters (NUL, tabs, returns that end no line or only some), blank and very long
    lines, lines of nothing but commas, other bytes than UTF-8, quotation marks that do not enclose a field, and with
    another number of fields than the header has; of a text over several lines those that may be records of their own.
    A part begins and ends with a line.
    """

    def __init__(self) -> None:
        self._found: Lines | None = None
        self._is_odd = False
        self._rest = b""  # the beginning of a record that goes on in the next part
        self._buffer = np.empty(0, np.uint8)  # memory used again for every part: fresh pages cost more than work

    def read(self, part: bytes) -> None:
        """Look at the next part."""
        if self._is_odd or not part:
            return
        if self._found is None and not self._rest:
            part = part.removeprefix(BYTE_ORDER_MARK)
        part, self._rest = self._rest + part, b""
        if len(self._buffer) < 4 * len(part):
            self._buffer = np.empty(4 * len(part), np.uint8)
        before, found = self._found, self._look(part) if part else None
        if self._rest and self._rest == part:  # no record ends in it
            self._is_odd = len(part) > LONGEST_LINE
            return
        if found and before:
            is_alike = (found.ending, found.width) == (before.ending, before.width)
            count, has_quotes = before.count + found.count, before.has_quotes or found.has_quotes
            is_exact, is_ascii = before.is_exact and found.is_exact, before.is_ascii and found.is_ascii
            found = replace(found, count=count, has_quotes=has_quotes, is_exact=is_exact, is_ascii=is_ascii)
            found = replace(found, broken=before.broken | found.broken) if is_alike else None
        self._found = found if found and found.width else None
        self._is_odd = self._found is None

    @property
    def lines(self) -> Lines | None:
        """What was found so far."""
        return None if self._rest or self._is_odd else self._found

    def _look(self, part: bytes) -> Lines | None:
        values = np.frombuffer(part, np.uint8)
        ends = np.flatnonzero(np.equal(values, 10, out=self._marks(0, len(values))))
        quotes = np.flatnonzero(values == 34) if b'"' in part else ends[:0]
        is_inside = np.zeros(len(ends), np.bool_)
        if len(quotes):  # the last may be closed in the next part
            is_inside[_within(ends, np.append(quotes, len(part)) if len(quotes) % 2 else quotes)] = True
        if part[-1] == 10 and is_inside[-1]:  # the last record goes on in the next part
            whole = int(ends[~is_inside][-1]) + 1 if not is_inside.all() else 0
            self._rest = part[whole:]
            return self._look(part[:whole]) if whole else None
        returns = np.flatnonzero(values == 13) if b"\r" in part else ends[:0]
        controls = np.count_nonzero(np.less(values, 32, out=self._marks(0, len(values))))
        if controls != len(ends) + len(returns) or not self._end_lines(returns, ends, is_inside):
            return None
        has_returns = len(returns) > 0 and bool(np.isin(ends[~is_inside], returns + 1).any())
        if part[-1] != 10:
            ends, is_inside = np.append(ends, len(values) + has_returns), np.append(is_inside, False)
        every, ends = ends, ends[~is_inside]
        lengths = np.diff(ends, prepend=-1) - 1
        is_odd = lengths.min() <= has_returns or lengths.max() >= LONGEST_LINE or not _is_utf8(part)
        if is_odd or (len(quotes) and not _enclose_fields(values, quotes, ends)):
            return None
        width = self._width(values, quotes, ends)
        if lengths.min() < width + has_returns:
            return None
        broken: frozenset[int] | None = frozenset()
        if is_inside.any() and (broken := self._broken(values, quotes, every, is_inside, width)) is None:
            return None
        return Lines(
            count=len(ends),
            ending=r"\r\n" if has_returns else r"\n",
            width=width,
            has_quotes=len(quotes) > 0,
            is_exact=width > 0 and self._is_exact(values, part),
            is_ascii=part.isascii(),
            broken=broken or frozenset(),
        )

    @staticmethod
    def _end_lines(returns: _Places, ends: _Places, is_inside: _Marks) -> bool:
        """Whether every return stands before a line feed, and before all that end a record or none."""
        if not len(returns):
            return True
        is_behind = np.isin(ends, returns + 1)
        outside = is_behind[~is_inside]
        return int(np.count_nonzero(is_behind)) == len(returns) and bool(outside.all() or not outside.any())

    def _broken(
        self, values: _Bytes, quotes: _Places, ends: _Places, is_inside: _Marks, width: int
    ) -> frozenset[int] | None:
        """The fields with line breaks; `ends` are those of all lines, of which some are within a text.

        None where a line behind a break may be a record of its own, where a text has very many lines, and where the
        first record, which has the names, has a break.
        """
        commas = np.flatnonzero(np.equal(values, 44, out=self._marks(0, len(values))))
        breaks = np.flatnonzero(is_inside)
        behind = np.searchsorted(commas, ends[breaks + 1]) - np.searchsorted(commas, ends[breaks])
        outer = ends[~is_inside]
        number = np.searchsorted(outer, ends[breaks])  # of the record with each break
        is_first = self._found is None and number[0] == 0
        if is_first or (behind >= width - 1).any() or np.bincount(number).max() > JOINED:
            return None
        between = np.delete(commas, _within(commas, quotes))
        starts = np.append(0, outer[:-1] + 1)[number]
        return frozenset(map(int, np.searchsorted(between, ends[breaks]) - np.searchsorted(between, starts)))

    def _marks(self, number: int, size: int) -> _Marks:
        start = number * (len(self._buffer) // 4)
        return self._buffer[start : start + size].view(np.bool_)

    def _width(self, values: _Bytes, quotes: _Places, ends: _Places) -> int:
        """How many fields each line has; 0 where they differ."""
        commas = np.equal(values, 44, out=self._marks(0, len(values)))
        if len(quotes):
            places = np.flatnonzero(commas)
            commas[places[_within(places, quotes)]] = False
        in_lines = np.add.reduceat(commas.view(np.uint8), np.append(0, ends[:-1] + 1), dtype=np.uint8)  # modulo 256
        each, rest = divmod(int(np.count_nonzero(commas)), len(ends))
        return 0 if rest or (in_lines != each % 256).any() else each + 1

    def _is_exact(self, values: _Bytes, part: bytes) -> bool:
        size = len(values)
        if size < 6 or (b" " in part and self._has_signs_and_blanks(values) and _LOOSE_SIGN.search(part)):
            return False
        shifted = np.subtract(values, 48, out=self._buffer[:size])  # bytes below 0 wrap around
        digits = np.less(shifted, 10, out=self._marks(1, size))
        points = np.equal(values, 46, out=self._marks(2, size))
        long = np.logical_and(points[:-5], digits[5:], out=self._marks(3, size - 5))
        np.logical_and(long, digits[3:-2], out=long)
        if long.any():
            at = np.flatnonzero(long)
            if (digits[at + 1] & digits[at + 2] & digits[at + 4]).any():
                return False
        ahead = np.logical_or(digits, points, out=points)
        for letter in b"eE_":
            if letter in part:
                found = np.equal(values[1:], letter, out=self._marks(3, size - 1))
                np.logical_and(found, ahead[:-1], out=found)
                at = np.flatnonzero(found) + 2
                behind = values[at[at < size]]
                if ((behind - 48 < 10) | np.isin(behind, (32, 43, 45))).any():  # a digit, a blank or a sign
                    return False
        return True

    def _has_signs_and_blanks(self, values: _Bytes) -> bool:
        """Whether a blank follows a sign; a search for both bytes at once takes ten times as long."""
        size = len(values) - 1
        blanks = np.equal(values[1:], 32, out=self._marks(0, size))
        for sign in b"+-":
            signs = np.equal(values[:-1], sign, out=self._marks(1, size))
            if np.logical_and(signs, blanks, out=signs).any():
                return True
        return False


def _within(places: _Places, quotes: _Places) -> _Places:
    """The indexes of the ascending places that are within quotation marks, of which every second one closes."""
    at = np.searchsorted(places, quotes)  # of few marks among many places, not the other way round
    first, sizes = at[::2], at[1::2] - at[::2]
    ahead = np.cumsum(sizes) - sizes
    return np.repeat(first - ahead, sizes) + np.arange(sizes.sum())


def _is_utf8(part: bytes) -> bool:
    if part.isascii():
        return True
    try:
        part.decode()
    except UnicodeDecodeError:
        return False
    return True


def _enclose_fields(values: _Bytes, quotes: _Places, ends: _Places) -> bool:
    """Whether every quotation mark opens or closes a field of one line, or is one of two within such a field."""
    if len(quotes) % 2 or (np.searchsorted(quotes, ends) % 2).any():
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = values[opening - 1]  # of a mark at the very beginning the last byte, which is put right below
    after = values[np.minimum(closing + 1, len(values) - 1)]
    is_opening = np.isin(before, (10, 34, 44)) | (opening == 0)
    is_closing = np.isin(after, (10, 13, 34, 44)) | (closing == len(values) - 1)
    return bool(is_opening.all() and is_closing.all())


def fold(path: Path, target: Path) -> None:
    """Copy a CSV file with FOLDED instead of each line feed and return within quotation marks. Raises OSError."""
    is_inside = 0
    with path.open("rb") as source, target.open("wb") as file:
        for part in blocks(source):
            values = np.frombuffer(bytearray(part), np.uint8)
            quotes = np.flatnonzero(values == 34)
            for sign, other in zip(b"\n\r", FOLDED.encode(), strict=True):
                at = np.flatnonzero(values == sign)
                values[at[(np.searchsorted(quotes, at) + is_inside) % 2 == 1]] = other
            is_inside = (is_inside + len(quotes)) % 2
            file.write(values.data)


def is_bare(path: Path) -> bool:
    """Whether every field of a file whose lines are records is sure to be the value itself. Raises OSError.

    None begins or ends with a blank, or begins with a sign by which a spreadsheet takes it for text (= and '). What
    stands beside a comma or a quotation mark counts as an edge, also within a text in quotation marks.
    """
    with path.open("rb") as file:
        file.seek(len(BYTE_ORDER_MARK) if file.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK else 0)
        return all(_has_bare_fields(block) for block in blocks(file))


def _has_bare_fields(part: bytes) -> bool:
    if not part.isascii() and any(blank in part for blank in _WIDE_BLANKS):
        return False
    values = np.frombuffer(b"\n" + part + b"\n", np.uint8)
    for sign in b" ='\x02\x03":
        if sign in part:
            at = np.flatnonzero(values == sign)
            if _EDGES[values[at - 1]].any() or (sign <= 32 and _EDGES[values[at + 1]].any()):
                return False
    return True


def new_line(ending: str) -> str:
    r"""The option of read_csv for how lines end, with a comma behind it; none for \r\n, which DuckDB finds by itself.

    Where it is told of \r\n, DuckDB 1.5.6 takes a whole file for one line in its strict mode.
    """
    return f"new_line = '{ending}', " if ending == r"\n" else ""


def examine(path: Path) -> Examined:
    """What one pass over the file tells; made again only when its size, time or inode changed. Raises OSError."""
    stat = path.stat()
    return _examined(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=4096)
def _examined(path: Path, size: int, modified: int, inode: int) -> Examined:
    with path.open("rb") as file:
        return _pass_over(file, None)


def largest_unpacked(path: Path) -> int:
    """To how many bytes a file may unpack. Raises OSError."""
    return max(SMALL, RATIO * path.stat().st_size)


def unpack(path: Path, target: Path) -> Examined:
    """Unpack gzip to a file, and examine that on the way.

    Raises FileError for one that is cut short, damaged or unpacks to far more than its size; OSError.
    """
    try:
        with gzip.open(path) as source, target.open("wb") as file:
            return _pass_over(source, file, largest_unpacked(path))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"is cut short or damaged gzip ({error}); deliver it again, whole") from error


def _pass_over(source: _Source, target: BinaryIO | None, limit: int = 0) -> Examined:
    """Hash and lines are worked out side by side; `target` gets a copy, of at most `limit` bytes."""
    digest, reader, start, size = hashlib.sha256(), LineReader(), b"", 0
    with ThreadPoolExecutor(1) as aside:
        for block in blocks(source):
            start = start or block[: 1 << 16]
            size += len(block)
            hashed = aside.submit(digest.update, block)
            reader.read(block)
            if target and size > limit:
                raise FileError(f"unpacks to more than {RATIO} times its size; deliver it unpacked")
            if target:
                target.write(block)
            hashed.result()
    begins = _START.match(start)
    return Examined(digest.hexdigest(), begins.group() if begins else b"", reader.lines)


def blocks(file: _Source) -> Iterator[bytes]:
    """Parts of a file that end with a line, where its lines are not too long."""
    while block := file.read(BLOCK):
        yield block + file.readline(BLOCK)
