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

    That it is not with NUL bytes, returns that end no line or only some, blank lines, and quotation marks
    that are open at the end of a line.
    """
    counts = dict.fromkeys((b"\n", b"\r", b"\r\n", b"\0", b"\x01", b"\n\n", b"\n\r"), 0)
    is_open, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            both = last + block
            for mark in counts:
                counts[mark] += both.count(mark) - (last == mark)
            is_open = _open_after(block, is_open)
            last = block[-1:]
            if is_open < 0:
                return None
    odd = counts[b"\0"] + counts[b"\x01"] + counts[b"\n\n"] + counts[b"\n\r"] + is_open
    if odd or counts[b"\r"] != counts[b"\r\n"] or counts[b"\r\n"] not in (0, counts[b"\n"]):
        return None
    return counts[b"\n"] + (last != b"\n"), r"\r\n" if counts[b"\r\n"] else r"\n"


def _open_after(block: bytes, is_open: int) -> int:
    """Whether a quotation mark is open at the end of the block; -1 when one is at the end of a line."""
    if not is_open and b'"' not in block:
        return 0
    values = np.frombuffer(block, np.uint8)
    marks, ends = np.flatnonzero(values == 34), np.flatnonzero(values == 10)
    if ((np.searchsorted(marks, ends) + is_open) % 2).any():
        return -1
    return (len(marks) + is_open) % 2
