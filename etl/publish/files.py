"""What readers would see, boiled down to one hash: two databases with the same fingerprint say the same.

The fingerprint covers the tables and views of core, steps, marts and audit (names, columns, types, comments
and rows, whatever their order), the macros, and the version of DuckDB, whose hashes it uses. It leaves
out the rows of the tables that a refresh writes even when it finds nothing new, and the tables that name
buyers: they are not published.

Published files on disk: read one, put one in place in a single step, keep the last few.

`serving/warehouse.duckdb` is what readers open. `serving/snapshots/<version>.duckdb` are hard links to
the same file and to the ones before it. The next file is made under a temporary name in the same
folder. Whoever changes anything here holds the build database, so there is one at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from etl.config import Settings
from etl.errors import MendError, RetryError
from etl.warehouse import Connection, DatabaseError, attached

CONTENT_SCHEMAS = ("core", "steps", "marts", "audit")
MACRO_SCHEMAS = (*CONTENT_SCHEMAS, "main")  # scalar macros are called without a schema
# A table with this column tells of single buyers. It stays in the build database: readers get what is added
# up from it, and a publication does not grow with every order.
PERSONAL = "buyer_id_hash"
JOURNALS = frozenset({"audit.expectation_result", "audit.publication"})

# DuckDB prints a macro otherwise in the session that made it than from the file: with more quotes and
# blanks. Both are dropped, except inside a literal.
_LITERAL_OR_NOISE = re.compile(r"('(?:[^']|'')*')|[\s\"]")


@dataclass(frozen=True)
class Macro:
    """A macro: `kind` is macro or table_macro; `types` are those of its parameters, None where any goes."""

    name: str
    kind: str
    parameters: list[str]
    types: list[str | None]
    comment: str | None
    body: str


@dataclass(frozen=True)
class Contents:
    """What a database holds, by `schema.table` or `schema.macro`.

    `rows` counts those of every table; `hashes` cover columns, types and comments of tables and views,
    with the text of a view or, but for the journals, the rows; `fingerprint` is over hashes and macros.
    """

    rows: dict[str, int]
    hashes: dict[str, str]
    macros: list[Macro]
    fingerprint: str


def read_contents(con: Connection, catalog: str | None = None) -> Contents:
    """Read the contents of the open database, or of the one attached as `catalog`.

    Reads every row, so a damaged file shows here; 20 tables of a thousand rows take about 50 ms.
    """
    catalog = catalog or _one(con, "select current_database()")
    rows: dict[str, int] = {}
    hashes: dict[str, str] = {}
    for name, description in _relations(con, catalog).items():
        content: list[object] = list(description)
        if description[0] is None:  # a table; what a view shows follows from its text
            schema, table = name.split(".", 1)
            # The sum does not depend on the order of the rows, and counts a row as often as it stands there.
            count, total = con.execute(
                "select count(*), coalesce(sum(hash(_row)::hugeint), 0)::varchar "
                f'from "{catalog}"."{schema}"."{table}" as _row'
            ).fetchall()[0]
            rows[name] = count
            content += [] if name in JOURNALS else [count, total]
        hashes[name] = _digest(content)
    macros = _macros(con, catalog)
    version = _one(con, "select version()")
    fingerprint = _digest([version, hashes, [astuple(macro) for macro in macros]])
    return Contents(rows, hashes, macros, fingerprint)


def personal_tables(con: Connection, catalog: str) -> list[str]:
    """The tables that tell of single buyers, as schema.table."""
    rows = con.execute(
        "select schema_name || '.' || table_name from duckdb_columns() "
        "where database_name = ? and column_name = ? order by 1",
        [catalog, PERSONAL],
    ).fetchall()
    return [str(name) for (name,) in rows]


def _relations(con: Connection, catalog: str) -> dict[str, list[Any]]:
    """Describe each table and view: text of a view, comment, then name, type and comment of each column."""
    here = {"catalog": catalog, "schemas": list(CONTENT_SCHEMAS), "personal": personal_tables(con, catalog)}
    where = "where database_name = $catalog and list_contains($schemas, schema_name) and not internal"
    where += " and not list_contains($personal, schema_name || '.' || {})"
    tables, views = where.format("table_name"), where.format("view_name")
    found = con.execute(
        f"""
        select schema_name || '.' || table_name, null, comment from duckdb_tables() {tables}
        union all
        select schema_name || '.' || view_name, sql, comment from duckdb_views() {views}
        order by 1
        """,
        here,
    ).fetchall()
    relations: dict[str, list[Any]] = {name: [text, comment] for name, text, comment in found}
    for name, *column in con.execute(
        f"""
        select schema_name || '.' || table_name, column_name, data_type, comment from duckdb_columns()
        {tables}
        order by schema_name, table_name, column_index
        """,
        here,
    ).fetchall():
        relations[name].append(column)
    return relations


def _macros(con: Connection, catalog: str) -> list[Macro]:
    found = con.execute(
        """
        select
            schema_name || '.' || function_name, function_type, parameters, parameter_types, comment,
            macro_definition
        from duckdb_functions()
        where database_name = $catalog and list_contains($schemas, schema_name) and not internal
        order by all
        """,
        {"catalog": catalog, "schemas": list(MACRO_SCHEMAS)},
    ).fetchall()
    return [
        Macro(name, kind, parameters, types, comment, _LITERAL_OR_NOISE.sub(r"\1", body))
        for name, kind, parameters, types, comment, body in found
    ]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _one(con: Connection, query: str) -> str:
    return str(con.execute(query).fetchall()[0][0])


KEPT = 5
UPCOMING = ".upcoming.duckdb"


@dataclass(frozen=True)
class Snapshot:
    """One published file, as its own meta.publication describes it; `refreshed_at` is in UTC."""

    version: int
    refreshed_at: datetime
    fingerprint: str
    size_bytes: int
    path: Path


def upcoming_path(settings: Settings) -> Path:
    """Say where the next serving file is made: in the folder it is served from, so that a rename does it."""
    return settings.serving_dir / UPCOMING


def pin_path(settings: Settings) -> Path:
    """Say where a rollback leaves word that it is to last; the text says to what, by whom and when."""
    return settings.serving_dir / "PINNED"


def snapshot_path(settings: Settings, version: int) -> Path:
    """Say where snapshot `version` is kept."""
    return settings.snapshots_dir / f"{version}.duckdb"


def kept_versions(settings: Settings) -> list[int]:
    """List the versions that can be gone back to, oldest first."""
    names = (path.stem for path in settings.snapshots_dir.glob("*.duckdb"))
    return sorted(int(name) for name in names if name.isdecimal())


def inspect(con: Connection, path: Path) -> Snapshot:
    """Read what a published file says of itself.

    Raises RetryError when someone has it open to write, MendError when it is not a published file.
    """
    with _opened(con, path) as catalog:
        return _described(con, catalog, path)


def inspect_whole(con: Connection, path: Path) -> tuple[Snapshot, Contents]:
    """Read what a published file says of itself, and every row of it.

    Raises RetryError when someone has it open to write, MendError when it is damaged.
    """
    with _opened(con, path) as catalog:
        return _described(con, catalog, path), read_contents(con, catalog)


def refuse_if_written(path: Path) -> None:
    """Raise MendError when a `.wal` beside a published file shows that someone opened it to write."""
    wal = path.with_name(path.name + ".wal")
    if wal.exists():
        raise MendError(
            f"{wal} shows that someone opened the published file to write: close that program (readers open "
            "it read-only) and delete the .wal file, which holds nothing of ours; then try again"
        )


def install(finished: Path, target: Path) -> None:
    """Put a finished file in the place of `target` in one step that survives a power cut, read-only."""
    refuse_if_written(target)
    finished.chmod(0o444)
    _sync(finished)
    finished.replace(target)
    _sync(target.parent)


def link(source: Path, target: Path) -> None:
    """Give a published file a second name; where the file system knows no hard links, a copy in one step."""
    try:
        target.hardlink_to(source)
    except OSError:
        partial = target.with_name(f"{UPCOMING}.copy")
        shutil.copyfile(source, partial)
        install(partial, target)


def keep(settings: Settings, version: int) -> None:
    """Keep what is served as snapshot `version`, and drop all but the last few."""
    kept = snapshot_path(settings, version)
    if not kept.exists():
        link(settings.serving_db, kept)
        _sync(kept.parent)
    for old in kept_versions(settings)[:-KEPT]:
        snapshot_path(settings, old).unlink()


def clear_leftovers(settings: Settings) -> None:
    """Remove what a killed publication left behind."""
    for folder in (settings.serving_dir, settings.snapshots_dir):
        for path in folder.glob(f"{UPCOMING}*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def record(con: Connection, snapshot: Snapshot, action: str, at: datetime) -> None:
    """Append a publish or a rollback to audit.publication of the build database."""
    con.execute(
        "insert into audit.publication (version, published_at, fingerprint, size_bytes, action) values (?, ?, ?, ?, ?)",
        [snapshot.version, at, snapshot.fingerprint, snapshot.size_bytes, action],
    )


def shown(moment: datetime) -> str:
    """Format a moment for people, in UTC and to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@contextmanager
def _opened(con: Connection, path: Path) -> Iterator[str]:
    """Attach a published file to read and yield its catalog name, with errors in the user's terms."""
    try:
        with attached(con, path, "served"):
            yield "served"
    except RetryError as error:
        raise RetryError(
            f"{path} is open to write in another program: close it, readers open it read-only ({error.__cause__})"
        ) from error
    except DatabaseError as error:
        raise MendError(f"{path} is damaged or not a published file: {error}") from error


def _described(con: Connection, catalog: str, path: Path) -> Snapshot:
    rows = con.execute(
        f"select version, epoch_us(refreshed_at), fingerprint from {catalog}.meta.publication"
    ).fetchall()
    if len(rows) != 1:
        raise MendError(f"{path} has {len(rows)} rows in meta.publication; a published file has one")
    version, microseconds, fingerprint = rows[0]
    refreshed_at = datetime.fromtimestamp(microseconds / 1_000_000, UTC)
    return Snapshot(version, refreshed_at, fingerprint, path.stat().st_size, path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
