"""How long deliveries stay in the archive: WAREHOUSE_ARCHIVE_DAYS, and nothing goes that was not told NOTICE before.

What goes stays in the build database and its copy; what an empty home can no longer get is told. Files that are not in
the copy stay. archive/leaving.json has what was told and when.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from etl.archive.files import ArchivedFile, archived_files, facts_of, last_number, ranges
from etl.config import Settings
from etl.errors import MendError, RetryError
from etl.warehouse import Connection, DatabaseError, attached, memory
from etl.whole import sync, write_whole

NOTICE = timedelta(days=7)
MOST_NAMED = 5
LEAVING = "leaving.json"


@dataclass(frozen=True)
class Leaving:
    """Files of the archive that will go: up to which number, told when, and what was told."""

    number: int
    told_at: datetime
    sentence: str


def retire(con: Connection, settings: Settings, now: datetime) -> str:
    """Remove what was told to go NOTICE ago, and tell what goes next; that sentence, empty where nothing does."""
    if settings.archive_days is None:
        return ""
    told = read_leaving(settings)
    if told and told.told_at <= now and now - told.told_at < NOTICE:
        return told.sentence
    if told and told.told_at <= now:
        _remove(con, settings, told.number)
    old = []
    for file in archived_files(settings):  # in the order of their numbers: those that stay are not read
        facts = facts_of(con, file.path)
        if datetime.fromisoformat(facts["at"]) > now + NOTICE - timedelta(days=settings.archive_days):
            break
        old.append((file, facts.get("file")))
    path = settings.archive_dir / LEAVING
    if not old:
        path.unlink(missing_ok=True)
        return ""
    sentence = _sentence(settings, old, now)
    content = {"number": old[-1][0].number, "told_at": now.isoformat(), "sentence": sentence}
    write_whole(path, json.dumps(content).encode())
    return sentence


def read_leaving(settings: Settings) -> Leaving | None:
    """What was told to go; None where nothing was, or where the file of it cannot be read: then it is told again."""
    try:
        content = json.loads((settings.archive_dir / LEAVING).read_text(encoding="utf-8"))
        return Leaving(int(content["number"]), datetime.fromisoformat(content["told_at"]), str(content["sentence"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sentence(settings: Settings, old: list[tuple[ArchivedFile, str | None]], now: datetime) -> str:
    names = list(dict.fromkeys(name for _, name in old if name))
    named = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
    return (
        f"deliveries {ranges(file.number for file, _ in old)} leave the archive after {now + NOTICE:%Y-%m-%d} "
        f"({named or 'without rows'}): an empty home can then no longer get their rows, and the build database and its "
        f"copy are the last to have them. WAREHOUSE_ARCHIVE_DAYS is {settings.archive_days}; `make backup` keeps them"
    )


def _remove(con: Connection, settings: Settings, number: int) -> None:
    """Remove the files up to a number that the copy of the build database has."""
    last = min(number, _number_of_copy(settings.build_copy), last_number(con))
    folders = set[Path]()
    for file in archived_files(settings):
        if file.number > last:
            break
        file.path.unlink()
        folders.add(file.path.parent)
    for folder in folders:
        sync(folder)


def _number_of_copy(path: Path) -> int:
    con = memory()
    try:
        with attached(con, path, "copied"):
            return int(con.execute("select coalesce(max(number), 0) from copied.raw.archived").fetchall()[0][0])
    except (DatabaseError, MendError, RetryError):
        return 0
    finally:
        con.close()
