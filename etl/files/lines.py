"""Whether each line of a text file is a record to every reader, and its numbers are what they look like.

The bytes of a delivered file: their hash, what they unpack to, and whether each line is a record.
"""

from __future__ import annotations

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from etl.files.records import FileError

_Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Lines:
    r"""Of a file whose every line is a record to every reader: how many, and how they end, \n or \r\n.

    In exact ones no digit is followed by an exponent or an underscore, and no point by five digits: what
    reads as a number is not rounded at four decimal places.
    """

    count: int
    ending: str
    is_exact: bool


class LineReader:
    """Looks at the parts of one file, in order; `lines` is what was found, None where some line is odd.

    That it is not with control characters (NUL, returns that end no line or only some), blank lines, and
    quotation marks that are open at the end of a line. A part begins and ends with a line.
    """

    def __init__(self) -> None:
        self.lines: Lines | None = Lines(0, "", True)
        self._room = np.empty(0, np.uint8)  # memory used again for every part: fresh pages cost more than work

    def read(self, part: bytes) -> None:
        """Look at the next part."""
        if self.lines is None or not part:
            return
        if len(self._room) < 4 * len(part):
            self._room = np.empty(4 * len(part), np.uint8)
        values, before = np.frombuffer(part, np.uint8), self.lines
        found = self._count(values, part)
        if found is None or before.ending not in ("", found[1]):
            self.lines = None
        else:
            is_exact = before.is_exact and self._is_exact(values, part)
            self.lines = Lines(before.count + found[0], found[1], is_exact)

    def _marks(self, number: int, size: int) -> _Marks:
        start = number * (len(self._room) // 4)
        return self._room[start : start + size].view(np.bool_)

    def _count(self, values: npt.NDArray[np.uint8], part: bytes) -> tuple[int, str] | None:
        size = len(values)
        ends = np.flatnonzero(np.equal(values, 10, out=self._marks(0, size)))
        returns = np.flatnonzero(values == 13) if b"\r" in part else ends[:0]
        if len(returns) and not np.array_equal(returns + 1, ends):
            return None
        if np.count_nonzero(np.less(values, 32, out=self._marks(0, size))) != len(ends) + len(returns):
            return None
        if (np.diff(ends, prepend=-1) <= (2 if len(returns) else 1)).any():
            return None
        if b'"' in part:
            quotes = np.flatnonzero(values == 34)
            if len(quotes) % 2 or (np.searchsorted(quotes, ends) % 2).any():
                return None
        return len(ends) + (part[-1] != 10), r"\r\n" if len(returns) else r"\n"

    def _is_exact(self, values: npt.NDArray[np.uint8], part: bytes) -> bool:
        size = len(values)
        if size < 6:
            return False
        shifted = np.subtract(values, 48, out=self._room[:size])  # bytes below 0 wrap around
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
                if ((behind - 48 < 10) | (behind == 43) | (behind == 45)).any():
                    return False
        return True


BLOCK = 1 << 20
# What unpacks to more than this, and to that many times its size, is a bomb.
SMALL, RATIO = 64 << 20, 200
LARGEST_BOOK = 256 << 20


@lru_cache(maxsize=4096)
def _examined(path: Path, size: int, modified: int, inode: int) -> tuple[str, Lines | None]:
    """SHA-256 and lines in one reading; the two are worked out side by side."""
    digest, reader = hashlib.sha256(), LineReader()
    with path.open("rb") as file, ThreadPoolExecutor(1) as aside:
        for block in _blocks(file):
            hashed = aside.submit(digest.update, block)
            reader.read(block)
            hashed.result()
    return digest.hexdigest(), reader.lines


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Parts of a file that end with a line, where its lines are not too long."""
    while block := file.read(BLOCK):
        yield block + file.readline(BLOCK)


def content_hash(path: Path) -> str:
    """SHA-256 of a file; worked out again only when its size, time or inode changed. Raises OSError."""
    return _seen(path)[0]


def plain_lines(path: Path) -> Lines | None:
    """The lines of a file; None unless each is a record to every reader. Raises OSError."""
    return _seen(path)[1]


def _seen(path: Path) -> tuple[str, Lines | None]:
    stat = path.stat()
    return _examined(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)


def start(path: Path) -> bytes:
    """The first bytes, header line included. Raises OSError."""
    with path.open("rb") as file:
        return file.read(1 << 16)


def unpacked(path: Path, target: Path) -> Path:
    """Unpack gzip to a file. Raises FileError for one that is cut short, damaged or a bomb."""
    limit = max(SMALL, RATIO * path.stat().st_size)
    try:
        with gzip.open(path) as source, target.open("wb") as file:
            size = 0
            while block := source.read(BLOCK):
                size += len(block)
                if size > limit:
                    raise FileError(f"unpacks to more than {RATIO} times its size; deliver it unpacked")
                file.write(block)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError(f"is cut short or damaged gzip ({error}); deliver it again, whole") from error
    return target


def bound(path: Path) -> None:
    """Refuse a workbook that unpacks to more than it should."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise FileError(f"is a damaged workbook ({error}); save it again as XLSX") from error
    if size > min(LARGEST_BOOK, max(SMALL, RATIO * path.stat().st_size)):
        raise FileError("is a workbook that unpacks to too much; deliver it as CSV")
