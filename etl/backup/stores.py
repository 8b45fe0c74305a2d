"""Where backups lie: a folder, or a prefix of a bucket of an S3-compatible storage. Both hold files by name.

A file that has its name is whole and on the disk. Nothing is changed in place: a name is written once, and again only
where its content is damaged, or removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from etl.bounds import BOUNDS
from etl.errors import MendError
from etl.remote.s3 import open_store
from etl.secrets import clean, secret_parts, shown
from etl.whole import partial_file, place

PIECE = 8 << 20


class Store(Protocol):
    """The four things that a backup does with the place where it lies. Each raises MendError where it cannot."""

    def sizes(self, folder: str) -> dict[str, int]:
        """The bytes of all files below a folder by name, with the folder, from the listing alone."""

    def read(self, name: str) -> Iterator[bytes]:
        """The content of a file, in pieces."""

    def write(self, name: str, pieces: Iterator[bytes]) -> None:
        """Write a file, in the place of one of that name."""

    def remove(self, name: str) -> None:
        """Remove a file."""


class FolderStore:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def sizes(self, folder: str) -> dict[str, int]:
        """See Store."""
        found = (self.root / folder).rglob("*")
        return {
            str(path.relative_to(self.root)): path.stat().st_size
            for path in found
            if path.is_file() and not path.name.startswith(".")
        }

    def read(self, name: str) -> Iterator[bytes]:
        """See Store."""
        try:
            with (self.root / name).open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except OSError as error:
            raise MendError(f"{self.root / name} cannot be read ({error.strerror})") from error

    def write(self, name: str, pieces: Iterator[bytes]) -> None:
        """See Store."""
        target = self.root / name
        try:
            with partial_file(target.with_name(f".{target.name}.part")) as file:
                file.writelines(pieces)
                place(file, target)
        except OSError as error:
            raise MendError(f"{target} cannot be written ({error.strerror})") from error

    def remove(self, name: str) -> None:
        """See Store."""
        (self.root / name).unlink(missing_ok=True)


class BucketStore:
    """The objects below s3://bucket/prefix; address and keys come from the environment by Amazon's names."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.store: S3Store = open_store(url, BOUNDS["s3"])

    def sizes(self, folder: str) -> dict[str, int]:
        """See Store."""
        try:
            return {entry["path"]: entry["size"] for batch in obstore.list(self.store, folder) for entry in batch}
        except BaseError as error:
            raise self._refused("its objects cannot be listed", error) from None

    def read(self, name: str) -> Iterator[bytes]:
        """See Store."""
        try:
            for piece in obstore.get(self.store, name).stream(min_chunk_size=PIECE):
                yield bytes(piece)
        except (BaseError, FileNotFoundError) as error:
            raise self._refused(f"{name} cannot be read", error) from None

    def write(self, name: str, pieces: Iterator[bytes]) -> None:
        """See Store."""
        try:
            obstore.put(self.store, name, pieces)
        except BaseError as error:
            raise self._refused(f"{name} cannot be written", error) from None

    def remove(self, name: str) -> None:
        """See Store."""
        try:
            obstore.delete(self.store, name)
        except BaseError as error:
            raise self._refused(f"{name} cannot be removed", error) from None

    def _refused(self, what: str, error: Exception) -> MendError:
        said = clean(str(error).partition("\n\nDebug source")[0], secret_parts(self.url))
        return MendError(f"{shown(self.url)}: {what}: {said}")


def open_backups(address: str) -> Store:
    """The store at an address: s3://bucket/prefix, or a folder. Raises MendError for an address that is neither."""
    if address.startswith("s3://"):
        return BucketStore(address)
    if "://" in address:
        raise MendError(f"{shown(address)} is no address of a backup: name a folder, or s3://bucket/prefix")
    return FolderStore(Path(address).expanduser().absolute())
