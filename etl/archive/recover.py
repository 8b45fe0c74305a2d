"""Go on without a build database that is lost: from its copy, the archive of deliveries, and what is served.

What is left of it is moved to build/aside/<time>/, where only the erasure of a buyer deletes it. Its place takes the
first of these that can be read whole: the copy, the database without its log, none. Then the archive is loaded from
there on, and days of its deliveries are due again. Nothing is published until they are built and reference data is as
new as what readers have (etl.archive.standing).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from etl.archive.copy import read_whole
from etl.archive.replay import CaughtUp, catch_up
from etl.archive.standing import note_recovery
from etl.config import Settings, make_private
from etl.daily.due import mark_changed_days
from etl.errors import MendError, RetryError
from etl.ledger import is_behind, unknown_deliveries
from etl.models.file import Model
from etl.warehouse import Connection, DatabaseError, damage_mark, open_build, transaction
from etl.whole import partial_file, place, sync, write_whole

REBUILT = "results of checks, the journal of publications and facts of filings that came since are not in it"
MOST_NAMED = 10


def recover(settings: Settings, models: Sequence[Model], now: datetime, *, is_under_way: bool = False) -> str:
    """Go on without the build database; gives a sentence that says from what, and what is lost.

    `is_under_way` says that the run which lost it may have read reference data before: it is read again. The caller
    holds the writer's lock. Raises RetryError where another process has the database, MendError where the archive
    cannot be loaded; the next run then begins anew.
    """
    mark = damage_mark(settings)
    if not mark.exists():  # while it is there, a recovery that was killed begins anew
        write_whole(mark, b"it was lost")
    aside = _set_aside(settings, now)
    origin = _put_in_place(settings, aside.parent)
    with open_build(settings, is_recovering=True) as con:
        found = catch_up(con, settings, now, logging.getLogger(__name__).info)
        told = _told(con, settings, aside, origin, found)
        reads_again = is_under_way or is_behind(con, settings.serving_db)
        with transaction(con):
            mark_changed_days(con, models)
            note_recovery(con, now, told, reads_again=reads_again)
    mark.unlink()
    sync(mark.parent)
    logging.getLogger(__name__).warning(told)
    return told


def _set_aside(settings: Settings, now: datetime) -> Path:
    """Move what is left of the build database into a folder of its own; that folder."""
    folder = settings.build_db.parent
    name, earlier = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}", len(list((folder / "aside").glob("*")))
    aside = folder / "aside" / f"{name}-{earlier + 1}"  # nothing that was moved aside is replaced
    make_private(settings, folder / "aside", aside)
    for path in sorted(folder.glob(f"{settings.build_db.name}*"), reverse=True):  # the log before the database
        path.replace(aside / path.name)
    for changed in (aside, folder):
        sync(changed)
    return aside


def _put_in_place(settings: Settings, aside: Path) -> str:
    """Copy the first database that can be read whole into the place of the lost one; what it is, in words.

    `aside` is the folder of what was moved aside, now and earlier; the newest of it comes first.
    """
    without_log = sorted(aside.glob(f"*/{settings.build_db.name}"), reverse=True)
    for path in (settings.build_copy, *without_log):
        if not path.exists():
            continue
        with partial_file(settings.build_db.with_name(".recovered.part")) as part, path.open("rb") as source:
            while piece := source.read(1 << 20):
                part.write(piece)
            part.flush()
            try:
                read_whole(Path(part.name))
            except (MendError, RetryError, DatabaseError) as error:
                logging.getLogger(__name__).warning("%s cannot be read: %s", path, error)
                continue
            place(part, settings.build_db)
        if path == settings.build_copy:
            return f"its copy of {datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M:%S} UTC"
        return "what of it could be read without its log"
    return "nothing: no copy of it could be read"


def _told(con: Connection, settings: Settings, aside: Path, origin: str, found: CaughtUp) -> str:
    """What happened, from what the warehouse goes on, and which deliveries are lost."""
    gone = unknown_deliveries(con, settings.serving_db)
    named = ", ".join(gone[:MOST_NAMED]) + (f" and {len(gone) - MOST_NAMED} more" if len(gone) > MOST_NAMED else "")
    lost = [*found.lost]
    if gone:
        lost.append(
            f"{named}, of which readers have rows and the archive nothing: deliver them again, then `make daily`"
        )
    return (
        f"the build database was lost; what was left of it is in {aside}. Went on from {origin} and {found.loaded:,} "
        f"deliveries of the archive. {'LOST: ' + '; '.join(lost) if lost else 'No delivered row is lost'}; {REBUILT}"
    )
