"""One file of the inbox, from its bytes to its row in audit.load.

Files of the inbox into the tables of their contracts: what waits, what becomes of it, `make replay`.

One transaction a file, in the order of the files' times and then their names: what is loaded later is
newer. A file is known by its content: the same bytes a second time load nothing, under whatever name.
Nothing outside the inbox is ever touched. docs/daily-data.md says what a team has to know.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from etl.config import Settings
from etl.contracts import CONTRACTS
from etl.files.lines import content_hash
from etl.files.records import FileError
from etl.inbox.delivery import NO_ROOM, BrokenRulesError, Delivery, MisreadError, Terms, choose
from etl.inbox.load import IN_ORDER, bring_in
from etl.inbox.merge import merge
from etl.inbox.open import Opened, carefully, open_file
from etl.inbox.record import (
    finish,
    first_loads,
    known_words,
    loads_of,
    next_load,
    recorded,
    refuse,
    replayable,
    settle,
)
from etl.warehouse import Connection, DatabaseError, MemoryShortage, WarehouseError, transaction

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

    def __str__(self) -> str:
        """One line for a terminal."""
        rows = f"{self.rows_loaded:,} of {self.rows_read:,} rows" if self.rows_read else ""
        days = f"{self.first_day} to {self.last_day}" if self.first_day else ""
        return "  ".join(filter(None, (f"{self.status:<14}{self.file!r}", self.contract, rows, days, self.reason)))


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

    def _brought(self, path: Path, delivery: Delivery, *, is_strict: bool) -> tuple[FileLoad, frozenset[date]]:
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


@dataclass(frozen=True)
class InboxResult:
    """What became of every file, and by contract the days whose rows changed, those replaced included."""

    files: tuple[FileLoad, ...] = ()
    days: dict[str, tuple[date, ...]] = field(default_factory=dict)


def waiting(con: Connection, settings: Settings) -> list[Path]:
    """Files of the inbox whose content is not recorded yet, in the order in which they will be loaded.

    Hidden files, those that end in .part, and links that leave the inbox are none.
    """
    seen = recorded(con)
    found: dict[str, Path] = {}
    for path in inbox_files(settings):
        try:
            content = content_hash(path)
        except OSError:
            content = str(path)  # it waits until it can be read
        if content not in seen:
            found.setdefault(content, path)
    return list(found.values())


def load_inbox(
    con: Connection,
    settings: Settings,
    now: datetime,
    files: Sequence[Path] | None = None,
    progress: Callable[[str], None] = print,
) -> InboxResult:
    """Load `files` (default: those waiting), one transaction a file; `progress` gets a sentence on long ones.

    A file that cannot be loaded is refused with its reason, and the others go on. Raises WarehouseError
    when the warehouse itself cannot go on: no room on the disk, no registry yet. What was loaded before
    stays, and the next run goes on from there.
    """
    chosen = waiting(con, settings) if files is None else files
    return _load_all(con, settings, now, chosen, progress, is_again=False)


def replay(
    con: Connection,
    settings: Settings,
    now: datetime,
    names: Sequence[str] = (),
    progress: Callable[[str], None] = print,
) -> InboxResult:
    """Load again what was refused or partly loaded (or the named files), after a fix of the registry.

    A file keeps its place: rows that a later file brought stand against it. Raises as load_inbox does, and
    WarehouseError for a name that is not in the inbox.
    """
    wanted = names or replayable(con)
    there = {inbox_name(path, settings): path for path in inbox_files(settings)}
    if missing := [name for name in names if name not in there]:
        raise WarehouseError(f"{', '.join(missing)} is not in {settings.inbox}: deliver it again")
    chosen = [there[name] for name in wanted if name in there]
    return _load_all(con, settings, now, chosen, progress, is_again=True)


def _load_all(
    con: Connection,
    settings: Settings,
    now: datetime,
    files: Iterable[Path],
    progress: Callable[[str], None],
    *,
    is_again: bool,
) -> InboxResult:
    known = known_words(con, CONTRACTS) if files else {}
    terms = Terms(known, settings.is_demo, settings.bad_share)
    scratch = settings.build_db.parent / "inbox"
    loads: list[FileLoad] = []
    days: dict[str, set[date]] = {}
    shutil.rmtree(scratch, ignore_errors=True)  # what a killed load left, also where nothing waits any more
    for path in files:
        scratch.mkdir(parents=True)
        try:
            run = Run(con, settings, now, progress, scratch, terms, is_again)
            load, touched = run.load(path)
        except (DatabaseError, OSError) as error:
            raise _explained(error, path) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        loads.append(load)
        if load.contract and touched:
            days.setdefault(load.contract, set()).update(touched)
    return InboxResult(tuple(loads), {name: tuple(sorted(found)) for name, found in days.items()})


def _explained(error: Exception, path: Path) -> WarehouseError:
    """What an error means that is no fault of the file."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    told = str(error).splitlines()[0][:300]
    if full or NO_ROOM.search(str(error)):
        fix = "give it more with WAREHOUSE_MEMORY" if isinstance(error, MemoryShortage) else "make room"
        return WarehouseError(f"{path.name}: no room to load it ({told}); {fix}, then run again")
    return WarehouseError(f"{path.name}: loading it failed, nothing of it was written ({told}); run again")
