"""The bytes of a delivered file: their hash, what they unpack to, and whether each line is a record."""

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

from etl.inbox_rows import FileError

BLOCK = 1 << 20
# What unpacks to more than this, and to that many times its size, is a bomb.
SMALL, RATIO = 64 << 20, 200
LARGEST_BOOK = 256 << 20


@dataclass(frozen=True)
class Lines:
    r"""Of a file whose every line is a record to every reader: how many, and how they end, \n or \r\n.

    In exact ones no digit is followed by an exponent or an underscore, and no point by five digits: what
    reads as a number is not rounded at four decimal places.
    """

    count: int
    ending: str
    is_exact: bool


@lru_cache(maxsize=4096)
def _examined(path: Path, size: int, modified: int, inode: int) -> tuple[str, Lines | None]:
    """SHA-256 and lines in one reading; the two are worked out side by side."""
    digest, lines, is_plain = hashlib.sha256(), Lines(0, "", True), True
    with path.open("rb") as file, ThreadPoolExecutor(1) as aside:
        for block in _blocks(file):
            hashed = aside.submit(digest.update, block)
            found = _lines_in(block) if is_plain else None
            is_plain = found is not None and lines.ending in ("", found.ending)
            if found:
                is_exact = lines.is_exact and found.is_exact
                lines = Lines(lines.count + found.count, found.ending, is_exact)
            hashed.result()
    return digest.hexdigest(), lines if is_plain and lines.count else None


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Parts of a file that end with a line, where its lines are not too long."""
    while block := file.read(BLOCK):
        yield block + file.readline(BLOCK)


def content_hash(path: Path) -> str:
    """SHA-256 of a file; worked out again only when its size, time or inode changed. Raises OSError."""
    return _seen(path)[0]


def plain_lines(path: Path) -> Lines | None:
    """The lines of a file; None unless each is a record to every reader. Raises OSError.

    That it is not with control characters (NUL, returns that end no line or only some), blank lines, and
    quotation marks that are open at the end of a line.
    """
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


def _lines_in(block: bytes) -> Lines | None:
    """The same for a part that begins and ends with a line."""
    values = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(values == 10)
    returns = np.flatnonzero(values == 13) if b"\r" in block else ends[:0]
    ending = r"\r\n" if len(returns) else r"\n"
    if len(returns) and not np.array_equal(returns + 1, ends):
        return None
    if np.count_nonzero(values < 32) != len(ends) + len(returns):
        return None
    if (np.diff(ends, prepend=-1) <= (2 if len(returns) else 1)).any():
        return None
    if b'"' in block:
        marks = np.flatnonzero(values == 34)
        if len(marks) % 2 or (np.searchsorted(marks, ends) % 2).any():
            return None
    return Lines(len(ends) + (block[-1] != 10), ending, _is_exact(values))


def _is_exact(values: npt.NDArray[np.uint8]) -> bool:
    """Whether no number of the part can be rounded at four decimal places, or is written as 1e3 or 1_000."""
    digits = values - 48 < 10  # bytes below 0 wrap around
    behind = digits[1:-4] & digits[2:-3] & digits[3:-2] & digits[4:-1] & digits[5:]
    if (behind & (values[:-5] == 46)).any():
        return False
    letters = values[1:-1] | 32
    between = (letters == 101) | (letters == 127)  # e, E and _
    before = digits[:-2] | (values[:-2] == 46)
    after = digits[2:] | (values[2:] == 43) | (values[2:] == 45)
    return not (between & before & after).any()
