"""Files of the inbox into the tables of their contracts: what waits, what becomes of it, `make replay`.

One transaction a file, in the order of the files' times and then their names: what is loaded later is
newer. A file is known by its content: the same bytes a second time load nothing, under whatever name.
Nothing outside the inbox is ever touched. docs/daily-data.md says what a team has to know.
"""

from __future__ import annotations

import errno
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from etl.config import Settings, load_settings
from etl.daily_contract import CONTRACTS
from etl.inbox_bytes import content_hash
from etl.inbox_delivery import NO_ROOM, Terms
from etl.inbox_record import known_words, recorded, replayable
from etl.inbox_run import FileLoad, Run, inbox_files, inbox_name
from etl.warehouse import Connection, DatabaseError, MemoryShortage, WarehouseError, open_build

__all__ = ["FileLoad", "InboxResult", "load_inbox", "replay", "waiting"]


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


def _told(load: FileLoad) -> str:
    rows = f"{load.rows_loaded:,} of {load.rows_read:,} rows" if load.rows_read else ""
    days = f"{load.first_day} to {load.last_day}" if load.first_day else ""
    return "  ".join(
        filter(None, (f"{load.status:<14}{load.file!r}", load.contract, rows, days, load.reason))
    )


def main(arguments: list[str]) -> int:
    """Load what waits, list it (`list`), or load files again (`replay [name ...]`)."""
    settings, now = load_settings(), datetime.now(UTC)
    try:
        with open_build(settings) as con:
            if arguments[:1] == ["list"]:
                for path in waiting(con, settings):
                    print(repr(inbox_name(path, settings)))
                return 0
            is_again = arguments[:1] == ["replay"]
            result = replay(con, settings, now, arguments[1:]) if is_again else load_inbox(con, settings, now)
    except WarehouseError as error:
        print(error, file=sys.stderr)
        return 1
    for load in result.files:
        print(_told(load))
    return int(any(load.status == "refused" for load in result.files))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
