"""The bytes of a delivered file: their hash, what they unpack to, and whether each line is a record."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from etl.inbox_rows import FileError

BLOCK = 1 << 24
# What unpacks to more than this, and to that many times its size, is a bomb.
SMALL, RATIO = 64 << 20, 200
LARGEST_BOOK = 256 << 20


@lru_cache(maxsize=4096)
def _hash(path: Path, size: int, modified: int, inode: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def content_hash(path: Path) -> str:
    """SHA-256 of a file; worked out again only when its size, time or inode changed. Raises OSError."""
    stat = path.stat()
    return _hash(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)


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


def plain_lines(path: Path) -> tuple[int, str] | None:
    """How many lines the file has and how they end; None unless each is a record to every reader.

    That it is not with control characters (NUL, returns that end no line or only some), blank lines, and
    quotation marks that are open at the end of a line.
    """
    lines, endings = 0, set()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found = _lines_in(block + file.readline(BLOCK))
            if found is None:
                return None
            lines += found[0]
            endings.add(found[1])
    return (lines, endings.pop()) if len(endings) == 1 else None


def _lines_in(block: bytes) -> tuple[int, str] | None:
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
    return len(ends) + (block[-1] != 10), ending
