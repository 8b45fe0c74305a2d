"""Publish what was built: write a new file, check it, and rename it over the old one in one step.

Readers of the old file keep it and new readers get the new one; no reader waits or sees a part of a file. After
any failure or kill the last snapshot is as it was, and the next publication removes the unfinished files.
tests/publish/test_faults.py shows the faults that each step guards against.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from etl.archive.standing import end_recovery, unfinished
from etl.config import Settings, project_version
from etl.contracts import CONTRACTS
from etl.errors import MendError
from etl.ledger import unknown_deliveries
from etl.models.graph import load_models
from etl.publish.diff import grains_of
from etl.publish.files import (
    CONTENT_SCHEMAS,
    MACRO_SCHEMAS,
    PERSONAL,
    Contents,
    Snapshot,
    clear_leftovers,
    held_apart,
    inspect_whole,
    install,
    keep,
    kept_versions,
    pin_path,
    read_contents,
    record,
    refuse_if_written,
    shown,
    upcoming_path,
)
from etl.publish.origins import note_served
from etl.publish.reasons import NOTHING_SOUGHT, Found, list_changes
from etl.warehouse import (
    Connection,
    DatabaseError,
    attached,
    create_table,
    literal,
    open_snapshot,
    prepared,
    tables_of,
    transaction,
)
from etl.whole import make_folder

# Room beyond the size of the build database: file headers and the blocks a small file starts with.
SPARE_BYTES = 2_000_000
MANY = 100  # rows of a table from which a share of them says something
MOST_TOLD = 5
LOST = "lost"  # the word of ACCEPT_FEWER for deliveries that nothing has any more
SNAPSHOT_IN_USE = "Number, time and content of the snapshot in use: table macros read its tables, or raise."


@dataclass(frozen=True)
class Publication:
    """The result: `published` or not, and why; the other fields describe what is served now.

    `tables` has the number of rows of each table of core, steps, marts and audit, `problem` says what kept the reasons
    of changed rows from being found, `is_recovering` that a build database was lost and more commands are needed.
    """

    published: bool
    version: int
    reason: str
    path: Path
    size_bytes: int
    tables: dict[str, int]
    problem: str = ""
    is_recovering: bool = False


def publish(con: Connection, settings: Settings, *, now: datetime) -> Publication:
    """Publish the open build database if its content differs from what is served.

    `now` (with a time zone) becomes meta.publication.refreshed_at. Nothing is published when nothing changed or a
    rollback pinned what is served. Raises RetryError when another program has the served file open to write,
    MendError when someone has written to it, when the disk is too full or when anything else fails; readers then
    keep what they have.
    """
    serving = settings.serving_db
    try:
        for folder in (settings.serving_dir, settings.snapshots_dir):
            if not folder.exists():
                make_folder(folder)
                folder.chmod(0o755)  # readers open it, whatever the umask of this process is
        clear_leftovers(settings)
        try:
            refuse_if_written(serving)
            return _publish_if_changed(con, settings, now)
        finally:
            clear_leftovers(settings)
    except (DatabaseError, OSError) as error:
        raise MendError(
            f"publishing failed, readers keep what is served at {serving}; fix the cause and refresh: {error}"
        ) from error


def _publish_if_changed(con: Connection, settings: Settings, now: datetime) -> Publication:
    served, reason = None, "nothing is served"
    if settings.serving_db.exists():
        try:
            served = inspect_whole(con, settings.serving_db)
        except MendError as error:
            reason = str(error)
    pin = pin_path(settings)
    if pin.exists() and not served:
        raise MendError(f"{pin} pins a snapshot, but {reason}: roll back again, or unpin")
    if served:
        _keep_and_record(con, settings, served[0])
        if pin.exists():
            text = pin.read_text(encoding="utf-8").strip()
            return _publication(False, *served, f"pinned to {text}; `make unpin` lets refreshes publish again")
    if served and (recovery := unfinished(con)):
        return _publication(False, *served, recovery.sentence, is_recovering=True)
    built = read_contents(con)
    if served:
        snapshot, contents = served
        _refuse_lost(con, settings, snapshot)
        refuse_fewer(settings, snapshot, contents, built)
        reason = _difference(snapshot, contents, built)
        if not reason:
            end_recovery(con)
            note_served(con, snapshot.version, kept_versions(settings))
            reason = f"nothing changed since version {snapshot.version} of {shown(snapshot.refreshed_at)}"
            return _publication(False, snapshot, contents, reason)
    _check_free_disk(settings)
    upcoming = upcoming_path(settings)
    # After every version that was ever seen, so that no number is used twice.
    (recorded,) = con.execute("select coalesce(max(version), 0) from audit.publication").fetchall()[0]
    version = 1 + max(served[0].version if served else 0, recorded, *kept_versions(settings))
    made = Snapshot(version, now, built.fingerprint, 0, upcoming)
    found = _explain(con, settings, served[0].version) if served else NOTHING_SOUGHT
    _write(con, settings, made, served is not None)
    _verify(made, built)
    install(upcoming, settings.serving_db)
    size = settings.serving_db.stat().st_size
    snapshot = Snapshot(version, now, built.fingerprint, size, settings.serving_db)
    _keep_and_record(con, settings, snapshot, found)
    end_recovery(con)
    note_served(con, version, kept_versions(settings))
    return _publication(True, snapshot, built, reason, found.problem)


def _refuse_lost(con: Connection, settings: Settings, served: Snapshot) -> None:
    """Raise MendError where readers have rows of deliveries that the build database does not know."""
    lost = unknown_deliveries(con, settings.serving_db)
    if lost and LOST not in settings.accept_fewer.split():
        more = f" and {len(lost) - MOST_TOLD} more" if len(lost) > MOST_TOLD else ""
        raise MendError(
            f"not published, readers keep version {served.version}: it has rows of {', '.join(lost[:MOST_TOLD])}"
            f"{more}, which the build database does not know any more. Deliver them again, then `make daily`; where "
            f"readers shall lose them, `make refresh ACCEPT_FEWER={LOST}`"
        )


def refuse_fewer(settings: Settings, served: Snapshot, before: Contents, after: Contents) -> None:
    """Raise MendError where readers would lose many rows of a table, unless somebody said that this is meant.

    That is every row of a delivered table, or more than `fewer_share` of one with MANY rows. A table that no file
    makes any more is no loss of rows.
    """
    delivered = {contract.table for contract in CONTRACTS}
    accepted = set(settings.accept_fewer.replace(",", " ").split())
    fewer = []
    for table, rows in sorted(before.rows.items()):
        left = after.rows.get(table)
        if left is None or table.startswith("audit.") or table in accepted:
            continue
        if (rows and not left and table in delivered) or (rows >= MANY and rows - left > settings.fewer_share * rows):
            fewer.append((table, f"{table} would have {left:,} rows, where readers have {rows:,}"))
    if fewer:
        names = " ".join(table for table, _ in fewer)
        more = f"; and {len(fewer) - MOST_TOLD} more" if len(fewer) > MOST_TOLD else ""
        raise MendError(
            f"not published, readers keep version {served.version}: {'; '.join(text for _, text in fewer[:MOST_TOLD])}"
            f"{more}. Where deliveries are missing, deliver them again or bring the home back from a backup, then "
            f"`make daily`; where it is meant, `make refresh ACCEPT_FEWER='{names}'`"
        )


def _explain(con: Connection, settings: Settings, version: int) -> Found:
    """Make temp.change_found, the rows of meta.change; returns what became of finding their reasons."""
    with attached(con, settings.serving_db, "served"):
        models = load_models(settings.sql_dir)
        return list_changes(con, models, grains_of(settings.sql_dir), "served", version)


def _publication(
    published: bool,
    snapshot: Snapshot,
    contents: Contents,
    reason: str,
    problem: str = "",
    *,
    is_recovering: bool = False,
) -> Publication:
    place, size = snapshot.path, snapshot.size_bytes
    return Publication(published, snapshot.version, reason, place, size, contents.rows, problem, is_recovering)


def _difference(served: Snapshot, contents: Contents, built: Contents) -> str:
    """How the built database differs from what is served; empty when it does not."""
    names = ", ".join(sorted(_unlike(contents.hashes, built.hashes)))
    if served.is_earlier_form:
        return f"version {served.version} is of an earlier form, without the reasons of its changes"
    if loose := _loose(contents, served):
        return f"{len(loose)} macros of version {served.version} may read another snapshot"
    if served.fingerprint != built.fingerprint:
        return f"changed since version {served.version}: {names or 'macros or the version of DuckDB'}"
    return f"version {served.version} was altered after it was published: {names}" if names else ""


def _check_free_disk(settings: Settings) -> None:
    """Raise MendError unless the disk has room for a copy, which is at most as large as the build database."""
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
    """Copy the published schemas of the open database into a new file, with meta tables of its own.

    `made` describes the file; `earlier` says whether temp.change_found has what changed since the served one.
    """
    catalog = con.execute("select current_database()").fetchall()[0][0]
    with ExitStack() as files:
        files.enter_context(attached(con, made.path, "upcoming", read_only=False))
        with transaction(con):
            # Copies definitions and comments, in the order of their dependencies.
            con.execute(f'copy from database "{catalog}" to upcoming (schema)')
            for (schema,) in con.execute(
                "select schema_name from duckdb_schemas() where database_name = 'upcoming' "
                "and not internal and not list_contains($published, schema_name)",
                {"published": [*MACRO_SCHEMAS, "meta"]},
            ).fetchall():
                con.execute(f'drop schema upcoming."{schema}" cascade')
            for schema, table in con.execute(
                "select distinct schema_name, table_name from duckdb_columns() where database_name = 'upcoming' "
                "and list_contains($personal, column_name)",
                {"personal": PERSONAL},
            ).fetchall():
                con.execute(f'drop table upcoming."{schema}"."{table}"')
            for schema, table in con.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'upcoming' "
                "and list_contains($published, schema_name)",
                {"published": list(CONTENT_SCHEMAS)},
            ).fetchall():
                con.execute(f'insert into upcoming."{schema}"."{table}" by name from "{schema}"."{table}"')
            con.execute("create schema if not exists upcoming.meta")
            _hold_macros_apart(con, made)
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
                    "warehouse_version": project_version(),
                },
            )
            con.execute(
                "insert into upcoming.meta.input by name select file, content_hash, rows_loaded, rows_quarantined, "
                "loaded_at from audit.load where superseded_at is null order by file, loaded_at"
            )
            if earlier:
                con.execute("insert into upcoming.meta.change by name select * from change_found order by all")
        con.execute("checkpoint upcoming")


def _hold_macros_apart(con: Connection, made: Snapshot) -> None:
    """Make each table macro of the new file again, as one that reads the tables of this snapshot or raises.

    The new file is the database in use meanwhile: a macro is looked through when it is made.
    """
    found = con.execute(prepared("published_macros"), {"catalog": "upcoming", "schemas": MACRO_SCHEMAS}).fetchall()
    (catalog,) = con.execute("select current_database()").fetchall()[0]
    con.execute("use upcoming")
    try:
        con.execute(f"create macro meta.snapshot_in_use() as '{made.origin}'")
        con.execute(f"comment on macro meta.snapshot_in_use is {literal(SNAPSHOT_IN_USE)}")
        for name, kind, parameters, types, comment, definition in found:
            if kind == "table_macro":
                listed = ", ".join(f'"{word}" {type_ or ""}' for word, type_ in zip(parameters, types, strict=True))
                body = held_apart(definition, made.origin)
                con.execute(f"create or replace macro {name}({listed}) as table {body}")
                con.execute(f"comment on macro table {name} is {literal(comment) if comment else 'null'}")
    finally:
        con.execute(f'use "{catalog}"')


def _loose(contents: Contents, snapshot: Snapshot) -> list[str]:
    """The published table macros that are not held apart from those of other snapshots."""
    return [m.name for m in contents.macros if m.kind == "table_macro" and m.origin != snapshot.origin]


def _verify(made: Snapshot, built: Contents) -> None:
    """Raise MendError unless the new file holds all that was built, and its macros can be called."""
    path, version = made.path, made.version
    wal = path.with_name(path.name + ".wal")
    if wal.exists():
        raise MendError(f"version {version} was not published: {wal} shows that it is not complete")
    with open_snapshot(path) as reader:
        copied = read_contents(reader)
        wrong = _unlike(copied.rows, built.rows) | _unlike(copied.hashes, built.hashes)
        texts, built_texts = ({macro.name: macro.built for macro in of.macros} for of in (copied, built))
        wrong |= _unlike(texts, built_texts) | set(_loose(copied, made))
        if wrong:
            raise MendError(f"version {version} was not published: the copy differs in {sorted(wrong)}")
        for macro in copied.macros:
            if macro.kind == "table_macro":
                # Nulls of the right types are enough to resolve every name as a reader's call would.
                nulls = ", ".join(f"null::{kind}" if kind else "null" for kind in macro.types)
                reader.execute(f"from {macro.name}({nulls}) limit 0")


def _unlike(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def _keep_and_record(con: Connection, settings: Settings, snapshot: Snapshot, found: Found = NOTHING_SOUGHT) -> None:
    """Keep and record what is served, unless that was done: after a kill in between, the next refresh does it."""
    keep(settings, snapshot.version)
    recorded = "select 1 from audit.publication where version = ? and action = 'publish'"
    if not con.execute(recorded, [snapshot.version]).fetchall():
        record(con, snapshot, "publish", snapshot.refreshed_at, unexplained_rows=found.rows, problem=found.problem)
