"""Files that are whole and on the disk when they have their name, also after a kill or a power cut.

They are written under a hidden name that ends in .part, which no reader takes for a file, and are gone unless they
were given their name.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_whole(target: Path, data: bytes) -> None:
    """Write a small file whole, in the place of one of the same name, or not at all. Raises OSError."""
    with partial_file(target.with_name(f".{target.name.lstrip('.')}.part")) as file:
        file.write(data)
        place(file, target)


def append(path: Path, data: bytes) -> None:
    """Add to the end of a file, on the disk when this returns; a power cut may leave a part of it. Raises OSError."""
    is_new = not path.exists()
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync(path.parent)


def has_hash(path: Path, start: str) -> bool:
    """Whether a file is there and its SHA-256 begins so: one whose name has it was not cut short. Raises OSError."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(start)


@contextmanager
def partial_file(part: Path) -> Iterator[BinaryIO]:
    """A file under way, removed at the end of the block unless place() gave it its name. Raises OSError."""
    make_folder(part.parent)
    try:
        with part.open("wb") as file:
            yield file
    finally:
        part.unlink(missing_ok=True)


def place(file: BinaryIO, target: Path) -> None:
    """Give a partial file that is complete its name in the same folder. Raises OSError."""
    file.flush()
    os.fsync(file.fileno())
    Path(file.name).replace(target)
    sync(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each on the disk: what is in a folder is lost with it. Raises OSError."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_open_file(source: Path, target: Path) -> None:
    """Copy the file of a database that this process has open and has checkpointed. Raises OSError where that fails.

    In a process of its own: closing any handle of the file would end the lock that this one has on it.
    """
    script = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-c", script, str(source), str(target)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise OSError(f"{source} could not be copied to {target}: {done.stderr.strip().rpartition(chr(10))[2]}")
