"""The bytes of a delivered file: their hash, what they unpack to, and whether each line is a record."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from etl.inbox_lines import LineReader, Lines
from etl.inbox_rows import FileError

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
