"""One file of the inbox, from its bytes to its row in audit.load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from etl.config import Settings
from etl.daily_contract import CONTRACTS
from etl.inbox_bytes import content_hash
from etl.inbox_delivery import BrokenRulesError, Delivery, MisreadError, Terms, choose
from etl.inbox_file import Opened, carefully, open_file
from etl.inbox_load import IN_ORDER, bring_in
from etl.inbox_merge import merge
from etl.inbox_record import finish, first_loads, loads_of, next_load, recorded, refuse, settle
from etl.inbox_rows import FileError
from etl.warehouse import Connection, transaction

LONG = 64 << 20  # bytes from which a file is announced


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
    terms: Terms
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
            return self._loaded(path, name, digest)
        except FileError as error:
            load = FileLoad(name, digest, None, "refused", reason=str(error))
            with transaction(self.con):
                refuse(self.con, name, digest, str(error), self.now)
            return load, frozenset()

    def _loaded(self, path: Path, name: str, digest: str) -> tuple[FileLoad, frozenset[date]]:
        """Load the file in the quickest way that reads every row of it."""
        misread: MisreadError | None = None
        for opened in self._readings(path, name):
            delivery = Delivery(name, digest, choose(opened.columns, CONTRACTS), opened)
            try:
                try:
                    return self._brought(path, delivery, is_strict=False)
                except BrokenRulesError:
                    return self._brought(path, delivery, is_strict=True)
            except MisreadError as error:
                misread = error
        raise FileError(f"cannot be read ({misread})") from misread

    def _readings(self, path: Path, name: str) -> Iterator[Opened]:
        opened = open_file(self.con, path, self.scratch, self.progress)
        yield opened
        if opened.quick:
            yield replace(opened, quick=None)
        if opened.is_plain_csv:
            self.progress(f"{name}: not every row can be told apart at full speed, reading it one by one")
            yield carefully(opened.path, opened.columns, self.scratch, self.progress)

    def _brought(
        self, path: Path, delivery: Delivery, *, is_strict: bool
    ) -> tuple[FileLoad, frozenset[date]]:
        """Bring in and merge what was delivered, all of it or nothing."""
        try:
            with transaction(self.con):
                return self._bring(path, delivery, is_strict=is_strict)
        finally:
            self.con.execute(IN_ORDER)

    def _bring(self, path: Path, delivery: Delivery, *, is_strict: bool) -> tuple[FileLoad, frozenset[date]]:
        con, digest = self.con, delivery.content_hash
        order, again = first_loads(con), loads_of(con, [digest])
        newer = loads_of(con, order[order.index(digest) + 1 :] if digest in order else [])
        load = next_load(con, self.now)
        settle(con, delivery.file, digest, self.now)
        quarantined = bring_in(con, delivery, load, self.terms, is_strict=is_strict)
        read = delivery.opened.rows
        loaded = read - quarantined
        merged = merge(con, delivery, load, loaded, newer=newer, again=again)
        status = "partly_loaded" if quarantined else "loaded"
        if loaded and loaded == merged.outdated:
            status = "superseded"
        counts = (read, loaded, quarantined, merged.replaced)
        finish(con, delivery, counts, status, load)
        if content_hash(path) != digest:
            raise FileError("changed while it was read; the next run reads it")
        told = FileLoad(
            *(delivery.file, digest, delivery.contract.name, status, *counts),
            first_day=merged.first_day,
            last_day=merged.last_day,
        )
        return told, merged.days


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
