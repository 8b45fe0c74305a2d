"""One file of the inbox, from its bytes to its row in audit.load."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from etl.config import Settings
from etl.daily_contract import CONTRACTS
from etl.inbox_bytes import content_hash
from etl.inbox_check import Check
from etl.inbox_file import Opened, carefully, open_file
from etl.inbox_load import Delivery, choose, merge, refusal, stage
from etl.inbox_record import finish, first_loads, recorded, refuse, settle
from etl.inbox_rows import FileError
from etl.warehouse import Connection, DatabaseError, transaction

LONG = 64 << 20  # bytes from which a file is announced
NO_ROOM = re.compile(r"No space left|File too large|Out of Memory|failed to (allocate|pin|offload)", re.I)


@dataclass(frozen=True)
class FileLoad:
    """What became of one file: rows_read = rows_loaded + rows_quarantined.

    `status` is loaded, partly_loaded, refused, superseded (read again, and newer files have all its rows) or
    unchanged (this content is here already). `rows_superseded` are rows of older files that it replaced.
    """

    file: str
    content_hash: str
    contract: str | None
    status: str
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_superseded: int = 0
    reason: str = ""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class Run:
    """The loading of one file."""

    con: Connection
    settings: Settings
    now: datetime
    progress: Callable[[str], None]
    scratch: Path
    known: dict[str, list[str]]
    is_again: bool

    def load(self, path: Path) -> tuple[FileLoad, frozenset[date]]:
        """What became of the file, and the days whose rows changed.

        Raises DatabaseError and OSError for what is no fault of the file.
        """
        name = inbox_name(path, self.settings)
        if not is_inside(path, self.settings):
            return FileLoad(name, "", None, "refused", reason="lies outside the inbox"), frozenset()
        try:
            digest, size = content_hash(path), path.stat().st_size
        except OSError as error:
            reason = f"cannot be read ({error.strerror}); mend its permissions"
            return FileLoad(name, "", None, "refused", reason=reason), frozenset()
        if not self.is_again and digest in recorded(self.con):
            return FileLoad(name, digest, None, "unchanged"), frozenset()
        if size > LONG:
            self.progress(f"{name}: reading {size / 1e6:,.0f} MB")
        try:
            delivery, found = self._staged(path, name, digest)
            if reason := refusal(self.con, found, self.settings.bad_share):
                raise FileError(reason)
            return self._merged(path, delivery, found)
        except FileError as error:
            load = FileLoad(name, digest, None, "refused", reason=str(error))
            with transaction(self.con):
                refuse(self.con, name, digest, str(error), self.now)
            return load, frozenset()
        finally:
            self.con.execute("drop table if exists staged")

    def _staged(self, path: Path, name: str, digest: str) -> tuple[Delivery, Check]:
        """Stage the file, if need be record by record."""
        opened = open_file(self.con, path, self.scratch, self.progress)
        delivery = Delivery(name, digest, choose(opened.columns, CONTRACTS), opened)
        try:
            return delivery, self._stage(delivery)
        except (DatabaseError, FileError) as error:
            if NO_ROOM.search(str(error)):
                raise
            if not opened.is_positional:
                raise FileError(f"cannot be read ({str(error).splitlines()[0][:300]})") from error
        self.progress(f"{name}: not every row can be told apart at full speed, reading it one by one")
        careful: Opened = carefully(opened.path, opened.columns, self.scratch, self.progress)
        delivery = replace(delivery, opened=careful)
        return delivery, self._stage(delivery)

    def _stage(self, delivery: Delivery) -> Check:
        return stage(self.con, delivery, self.known, self.now, self.settings.is_demo)

    def _merged(self, path: Path, delivery: Delivery, found: Check) -> tuple[FileLoad, frozenset[date]]:
        con, digest = self.con, delivery.content_hash
        with transaction(con):
            order = first_loads(con)
            newer = order[order.index(digest) + 1 :] if digest in order else []
            settle(con, delivery.file, digest, self.now)
            loaded = merge(con, delivery, found, self.now, newer=newer, is_again=self.is_again)
            status = "partly_loaded" if loaded.quarantined else "loaded"
            if loaded.loaded and loaded.loaded == loaded.outdated:
                status = "superseded"
            counts = (loaded.read, loaded.loaded, loaded.quarantined, loaded.replaced)
            finish(con, delivery, counts, status, self.now)
            if content_hash(path) != digest:
                raise FileError("changed while it was read; the next run reads it")
        load = FileLoad(
            *(delivery.file, digest, delivery.contract.name, status, *counts),
            first_day=loaded.first_day,
            last_day=loaded.last_day,
        )
        return load, loaded.days


def inbox_files(settings: Settings) -> list[Path]:
    """Files of the inbox by time of last change, then name."""
    found = []
    for path in settings.inbox.rglob("*"):
        parts = path.relative_to(settings.inbox).parts
        if any(part.startswith(".") for part in parts) or path.name.endswith(".part"):
            continue
        if path.is_file() and is_inside(path, settings):
            found.append((path.stat().st_mtime_ns, str(path), path))
    return [path for _, _, path in sorted(found)]


def is_inside(path: Path, settings: Settings) -> bool:
    """Whether the file, behind all links, lies in the inbox."""
    return path.resolve().is_relative_to(settings.inbox.resolve())


def inbox_name(path: Path, settings: Settings) -> str:
    """The path in the inbox, fit for a table."""
    within = path.relative_to(settings.inbox) if path.is_relative_to(settings.inbox) else path
    return within.as_posix().encode("utf-8", "backslashreplace").decode()
