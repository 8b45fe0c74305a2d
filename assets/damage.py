"""A damaged history of runs is set aside, and a new one begins: it holds no figures, and nothing waits for it.

It is written without waiting for the disk (assets.instance), so a power cut may tear it. Its files are SQLite, with
tables and a revision of the schema that Dagster's migrations know.
"""

import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from shutil import rmtree

from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from dagster._core.storage.sql import get_alembic_config
from sqlalchemy import MetaData

# The files, each with the tables of its storage; those of single runs are not among them.
FILES = {
    "history/runs.db": RunStorageSqlMetadata,
    "history/runs/index.db": SqlEventLogStorageMetadata,
    "history/runs/.db": SqlEventLogStorageMetadata,
    "schedules/schedules.db": ScheduleStorageSqlMetadata,
}
LOST = {
    "history": "which runs there were is only to be seen there",
    "schedules": "which schedules and sensors were on is lost: switch them on again in the UI (make dev)",
}
PAUSE = 2  # seconds between two looks: another process may just be making the file


def set_aside(home: Path) -> list[str]:
    """Give the damaged parts of the history in Dagster's `home` another name; a sentence for each. Raises OSError."""
    told = []
    for part, lost in LOST.items():
        if not damages(home, part):
            continue
        time.sleep(PAUSE)
        if not (found := damages(home, part)):
            continue
        for earlier in home.glob(f"{part}.damaged-*"):
            rmtree(earlier)
        aside = home / f"{part}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        (home / part).rename(aside)
        told.append(
            f"The history of runs was damaged ({'; '.join(found)}) and begins anew; it holds no figures. "
            f"It is set aside as {aside}: {lost}."
        )
    return told


def damages(home: Path, part: str) -> list[str]:
    """What is wrong with the files of a part, each with its name."""
    names = [name for name in FILES if name.startswith(f"{part}/") and (home / name).exists()]
    return [f"{name}: {damage}" for name in names if (damage := _damage(home / name, FILES[name]))]


def _damage(path: Path, metadata: MetaData) -> str:
    """What is wrong with a file; empty where nothing is, or another process keeps it busy."""
    if not os.access(path, os.R_OK | os.W_OK):
        return "cannot be read and written"
    try:
        with closing(sqlite3.connect(path, timeout=30)) as con:
            ((checked,),) = con.execute("pragma quick_check(1)").fetchall()
            if checked != "ok":
                return str(checked)
            here = {name for (name,) in con.execute("select name from sqlite_master where type = 'table'")}
            if missing := sorted({table.name for table in metadata.sorted_tables} - here):
                return f"no table {', '.join(missing)}"
            revision = con.execute("select version_num from alembic_version").fetchall()
    except sqlite3.OperationalError as error:
        return "" if "locked" in str(error) else str(error)
    except (sqlite3.DatabaseError, ValueError) as error:
        return str(error)
    return "" if revision == [(_revision(),)] else f"made by another Dagster, its schema is {revision}"


@cache
def _revision() -> str | None:
    """The revision of the schema of this Dagster, one for all storages."""
    return ScriptDirectory.from_config(get_alembic_config(sqlite_event_log.__file__)).get_current_head()
