"""Publish what was built: a fresh file, checked, then renamed over the old one in one step.

Readers on the old file keep it, new readers get the new one, nobody waits and nobody sees half. Any
failure, also a kill, leaves the last snapshot as it was; the next publication clears what was left.
What each step guards against stands in tests/publish/test_faults.py.
"""

from __future__ import annotations

import shutil
import tomllib
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from etl.config import ROOT, Settings
from etl.errors import MendError
from etl.publish.diff import change_query, grains_of
from etl.publish.files import (
    CONTENT_SCHEMAS,
    MACRO_SCHEMAS,
    Contents,
    Snapshot,
    clear_leftovers,
    inspect_whole,
    install,
    keep,
    kept_versions,
    personal_tables,
    pin_path,
    read_contents,
    record,
    refuse_if_written,
    shown,
    upcoming_path,
)
from etl.warehouse import Connection, DatabaseError, attached, create_table, open_snapshot, tables_of, transaction

# Room beyond the size of the build database: file headers and the blocks a small file starts with.
SPARE_BYTES = 2_000_000


@dataclass(frozen=True)
class Publication:
    """What came of a publication: `published` or not, and why; the rest describes what is served now.

    `tables` has the rows of each table of core, steps, marts and audit.
    """

    published: bool
    version: int
    reason: str
    path: Path
    size_bytes: int
    tables: dict[str, int]


def publish(con: Connection, settings: Settings, *, now: datetime) -> Publication:
    """Publish the open build database, if its content differs from what is served.

    `now` (with a time zone) becomes meta.publication.refreshed_at. Not published, without an error:
    nothing changed, or a rollback pinned what is served. Raises RetryError when another program has the
    served file open to write, MendError when someone has written to it, when the disk is too full
    or when anything else fails; readers then keep what they have.
    """
    serving = settings.serving_db
    try:
        settings.snapshots_dir.mkdir(parents=True, exist_ok=True)
        clear_leftovers(settings)
        try:
            refuse_if_written(serving)
            return _publish_if_changed(con, settings, now)
        finally:
            clear_leftovers(settings)
    except (DatabaseError, OSError) as error:
        raise MendError(
            f"publishing failed, readers keep what is served at {serving}; mend this and refresh: {error}"
        ) from error


def _publish_if_changed(con: Connection, settings: Settings, now: datetime) -> Publication:
    served, why = _served(con, settings)
    pin = pin_path(settings)
    if served:
        snapshot, contents = served
        _remember(con, settings, snapshot)
        if pin.exists():
            text = pin.read_text(encoding="utf-8").strip()
            why = f"pinned to {text}; `make unpin` lets refreshes publish again"
            return _publication(False, snapshot, why, contents)
    elif pin.exists():
        raise MendError(f"{pin} pins a snapshot, but {why}: roll back again, or unpin")
    built = read_contents(con)
    if served:
        why = _difference(snapshot, contents, built)
        if not why:
            why = f"nothing changed since version {snapshot.version} of {shown(snapshot.refreshed_at)}"
            return _publication(False, snapshot, why, contents)
    _check_headroom(settings)
    upcoming = upcoming_path(settings)
    version = _next_version(con, settings, served[0] if served else None)
    _write(con, settings, Snapshot(version, now, built.fingerprint, 0, upcoming), served is not None)
    _verify(upcoming, version, built)
    install(upcoming, settings.serving_db)
    size = settings.serving_db.stat().st_size
    snapshot = Snapshot(version, now, built.fingerprint, size, settings.serving_db)
    _remember(con, settings, snapshot)
    return _publication(True, snapshot, why, built)


def _publication(published: bool, snapshot: Snapshot, reason: str, contents: Contents) -> Publication:
    return Publication(published, snapshot.version, reason, snapshot.path, snapshot.size_bytes, dict(contents.rows))


def _served(con: Connection, settings: Settings) -> tuple[tuple[Snapshot, Contents] | None, str]:
    """Read what readers see, or say why there is nothing. Raises RetryError when it is open to write."""
    if not settings.serving_db.exists():
        return None, "nothing is served"
    try:
        return inspect_whole(con, settings.serving_db), ""
    except MendError as error:
        return None, str(error)


def _difference(served: Snapshot, contents: Contents, built: Contents) -> str:
    """Say in what the built database differs from what is served; empty when in nothing."""
    names = ", ".join(sorted(_unlike(contents.hashes, built.hashes)))
    if served.fingerprint != built.fingerprint:
        return f"changed since version {served.version}: {names or 'macros or the version of DuckDB'}"
    return f"version {served.version} was altered after it was published: {names}" if names else ""


def _next_version(con: Connection, settings: Settings, served: Snapshot | None) -> int:
    """Count on from every version that was ever seen, so that none is used twice."""
    seen: list[int] = [served.version if served else 0, *kept_versions(settings)]
    seen += con.execute("select coalesce(max(version), 0) from audit.publication").fetchall()[0]
    return 1 + max(seen)


def _check_headroom(settings: Settings) -> None:
    """Raise MendError unless the disk has room for a copy; the build database bounds its size."""
    build = settings.build_db
    sizes = (path.stat().st_size for path in (build, build.with_name(build.name + ".wal")) if path.exists())
    needed = sum(sizes) + SPARE_BYTES
    free = shutil.disk_usage(settings.serving_dir).free
    if free < needed:
        raise MendError(
            f"publishing needs {needed / 1e6:,.1f} MB of free disk in {settings.serving_dir}, where "
            f"{free / 1e6:,.1f} MB are free: make room, or move WAREHOUSE_HOME, and refresh again"
        )


def _write(con: Connection, settings: Settings, made: Snapshot, earlier: bool) -> None:
    """Copy the published schemas of the open database into a fresh file, with meta tables of its own.

    `made` is what the file will be; `earlier` says whether there is a served file to compare with.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    catalog = con.execute("select current_database()").fetchall()[0][0]
    with ExitStack() as files:
        files.enter_context(attached(con, made.path, "upcoming", read_only=False))
        if earlier:
            files.enter_context(attached(con, settings.serving_db, "served"))
        with transaction(con):
            # Copies definitions and comments, in an order in which each finds what it needs.
            con.execute(f'copy from database "{catalog}" to upcoming (schema)')
            for (schema,) in con.execute(
                "select schema_name from duckdb_schemas() where database_name = 'upcoming' "
                "and not internal and not list_contains($published, schema_name)",
                {"published": [*MACRO_SCHEMAS, "meta"]},
            ).fetchall():
                con.execute(f'drop schema upcoming."{schema}" cascade')
            for table in personal_tables(con, "upcoming"):
                con.execute(f"drop table upcoming.{table}")
            for schema, table in con.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'upcoming' "
                "and list_contains($published, schema_name)",
                {"published": list(CONTENT_SCHEMAS)},
            ).fetchall():
                con.execute(f'insert into upcoming."{schema}"."{table}" by name from "{schema}"."{table}"')
            con.execute("create schema if not exists upcoming.meta")
            for table, described in tables_of("meta").items():
                con.execute(create_table(f"upcoming.{table}", *described))
            con.execute(
                "insert into upcoming.meta.publication by name select $version as version, "
                "$refreshed_at as refreshed_at, $fingerprint as fingerprint, version() as duckdb_version, "
                "$warehouse_version as warehouse_version",
                {
                    "version": made.version,
                    "refreshed_at": made.refreshed_at,
                    "fingerprint": made.fingerprint,
                    "warehouse_version": project["version"],
                },
            )
            con.execute(
                "insert into upcoming.meta.input by name select file, content_hash, rows_loaded, rows_quarantined, "
                "loaded_at from audit.load where superseded_at is null order by file, loaded_at"
            )
            if earlier:
                changes = change_query(con, "served", f'"{catalog}"', grains_of(settings.sql_dir))
                con.execute(f"insert into upcoming.meta.change by name select * from ({changes}) order by all")
        con.execute("checkpoint upcoming")


def _verify(path: Path, version: int, built: Contents) -> None:
    """Raise MendError unless a reader would find in the new file all that was built."""
    wal = path.with_name(path.name + ".wal")
    if wal.exists():
        raise MendError(f"version {version} was not published: {wal} shows that it is not complete")
    with open_snapshot(path) as reader:
        copied = read_contents(reader)
        wrong = _unlike(copied.rows, built.rows) | _unlike(copied.hashes, built.hashes)
        wrong |= {macro.name for macro in copied.macros} ^ {macro.name for macro in built.macros}
        if wrong:
            raise MendError(f"version {version} was not published: the copy differs in {sorted(wrong)}")
        for macro in copied.macros:
            if macro.kind == "table_macro":
                # Nulls of the right types are enough to resolve every name as a reader's call would.
                nulls = ", ".join(f"null::{kind}" if kind else "null" for kind in macro.types)
                reader.execute(f"from {macro.name}({nulls}) limit 0")


def _unlike(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def _remember(con: Connection, settings: Settings, snapshot: Snapshot) -> None:
    """Keep and record what is served, unless that was done; a kill after the rename leaves it to the next."""
    keep(settings, snapshot.version)
    known = con.execute(
        "select count(*) from audit.publication where version = ? and action = 'publish'", [snapshot.version]
    ).fetchall()[0][0]
    if not known:
        record(con, snapshot, "publish", snapshot.refreshed_at)
