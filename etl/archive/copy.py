"""A sound copy of the build database beside it, made after a publication.

It may be older than the database: the archive supplies what was delivered since. So it is made seldom where that is
large: a day copies A_DAY bytes on average at most, however long the history is. A copy counts once every row of it was
read; until then the one before stays.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from etl.config import Settings
from etl.errors import MendError
from etl.warehouse import Connection, DatabaseError, attached, empty
from etl.whole import copy_open_file, partial_file, place

A_DAY = 64_000_000
DAY_SECONDS = 86_400


def is_due(settings: Settings, now: datetime) -> bool:
    """Whether the build database may be copied again: days since the last copy times A_DAY are its size at least.

    A copy with a time in the future says nothing, and another is due.
    """
    if not settings.build_copy.exists():
        return True
    seconds = now.timestamp() - settings.build_copy.stat().st_mtime
    return seconds < 0 or seconds / DAY_SECONDS * A_DAY >= settings.build_db.stat().st_size


def renew_copy(con: Connection, settings: Settings, now: datetime, *, always: bool = False) -> bool:
    """Copy the open build database where that is due and the disk has room; whether that was done.

    `always` copies in any case, for example after an identifier was removed. Raises DatabaseError where the database
    cannot be read: the copy before stays.
    """
    if not always and not is_due(settings, now):
        return False
    size = settings.build_db.stat().st_size
    if not always and shutil.disk_usage(settings.home).free < 2 * size:
        return False  # `warehouse doctor` tells how old the copy is
    con.execute("checkpoint")
    part = settings.build_copy.with_name(".copy.part")
    with partial_file(part) as file:
        copy_open_file(settings.build_db, part)
        try:
            read_whole(part)
        except (MendError, DatabaseError) as error:
            read_tables(con)  # where the database itself is damaged, its own error names it
            raise MendError(
                f"{part} is not what was copied ({error}): look at the disk; the copy before stays"
            ) from error
        place(file, settings.build_copy)
    return True


def read_whole(database: Path) -> None:
    """Read every row of a database file. Raises DatabaseError, MendError where it is damaged."""
    con = empty()
    try:
        with attached(con, database, "read"):
            read_tables(con, "read")
    finally:
        con.close()


def read_tables(con: Connection, catalog: str = "") -> None:
    """Read every row of the open database, or of an attached one. Raises DatabaseError where a block is damaged."""
    found = con.execute(
        "select database_name, schema_name, table_name from duckdb_tables() "
        "where database_name = coalesce(nullif(?, ''), current_database())",
        [catalog],
    ).fetchall()
    for names in found:
        table = ".".join(f'"{name}"' for name in names)
        con.execute(f"select sum(hash(_row)::hugeint) from {table} as _row").fetchall()
