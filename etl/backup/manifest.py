"""What a backup holds: one manifest each, which names the content of every file of the home by its SHA-256.

    backups/20261130T170000Z-<12 digits of the manifest's SHA-256>.json
    files/<two digits>/<SHA-256>

Contents are shared by all backups of a place, so that a further one writes what is new only.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from etl.backup.stores import Store
from etl.errors import MendError

BACKUPS, FILES = "backups", "files"
FORMAT = 1
_NAME = re.compile(rf"{BACKUPS}/(\d{{8}}T\d{{6}}Z)-([0-9a-f]{{12}})\.json")


@dataclass(frozen=True)
class StoredFile:
    """One file of a home: its path there, its content, its bytes, its time in nanoseconds, and its mode."""

    path: str
    sha256: str
    size: int
    mtime_ns: int
    mode: int

    @property
    def name(self) -> str:
        """Where its content lies in the place of the backups."""
        return f"{FILES}/{self.sha256[:2]}/{self.sha256}"


@dataclass(frozen=True)
class Manifest:
    """A backup: when it was made (UTC), of which home, with which files.

    `version` is that of the served snapshot, None where nothing was served; `key_sha256` tells which key the hashes of
    buyers were made with, and not the key; `settings` are those of the home without its secrets.
    """

    made_at: datetime
    home: str
    version: int | None
    key_sha256: str | None
    settings: dict[str, str]
    files: tuple[StoredFile, ...]

    def text(self) -> bytes:
        """The manifest as it is stored."""
        content = {"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}
        return json.dumps(content, indent=1, sort_keys=True).encode()

    @property
    def name(self) -> str:
        """Where the manifest lies: its name holds its time and its own hash."""
        return f"{BACKUPS}/{self.made_at:%Y%m%dT%H%M%SZ}-{_digest(self.text())}.json"


def manifests(store: Store) -> list[str]:
    """The names of all backups of a place, oldest first."""
    return sorted(name for name in store.sizes(BACKUPS) if _NAME.fullmatch(name))


def read_manifest(store: Store, name: str) -> Manifest:
    """A backup by the name of its manifest. Raises MendError where it is damaged or of a later version of this code."""
    text = b"".join(store.read(name))
    found = _NAME.fullmatch(name)
    if not found or _digest(text) != found[2]:
        raise MendError(f"{name} is damaged: its content is not the one that it was written with")
    content = json.loads(text)
    if content.pop("format") != FORMAT:
        raise MendError(f"{name} was made by a later version of the warehouse: restore it with that version")
    content["files"] = tuple(StoredFile(**file) for file in content["files"])
    return Manifest(**content | {"made_at": datetime.fromisoformat(content["made_at"])})


def chosen(store: Store, at: str | None) -> str:
    """The name of the newest backup, or of that whose time starts with `at`. Raises MendError where there is none."""
    names = manifests(store)
    asked = [name for name in names if name.removeprefix(f"{BACKUPS}/").startswith(at or "")]
    if not asked:
        times = ", ".join(name.removeprefix(f"{BACKUPS}/")[:16] for name in names[-5:])
        raise MendError(
            f"there is no backup of {at}; the last ones are {times}" if names else "there is no backup here"
        )
    return asked[-1]


def checked(pieces: Iterable[bytes], file: StoredFile) -> Iterator[bytes]:
    """Hand on the content of a file. Raises MendError at its end where it is not the one that was stored."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        yield piece
    if digest.hexdigest() != file.sha256 or size != file.size:
        raise MendError(f"{file.name}, which is {file.path}, is damaged: {size:,} of {file.size:,} bytes, another hash")


def read_back(store: Store, files: Iterable[StoredFile]) -> int:
    """Read the contents of files and hold them against their hashes; gives the bytes. Raises MendError as checked."""
    return sum(
        len(piece)
        for file in {file.sha256: file for file in files}.values()
        for piece in checked(store.read(file.name), file)
    )


def now_in_seconds() -> datetime:
    """This moment in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def key_digest(path: Path) -> str | None:
    """Which key this is, by a hash of it; None where there is no file."""
    return hashlib.sha256(path.read_bytes().strip()).hexdigest() if path.exists() else None


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:12]
