"""Published files on disk: what one contains, one hash of what readers see, and putting a file in place.

`serving/warehouse.duckdb` is what readers open. `serving/snapshots/<version>.duckdb` are hard links to the same
file and to earlier ones. The next file is written under a temporary name in the same folder. Only the process
that holds the build database changes anything here.

Two databases with the same fingerprint look the same to readers. It covers the tables and views of core, steps,
marts and audit (names, columns, types, comments and rows in any order), the macros, and the version of DuckDB,
whose hashes it uses. It leaves out the rows of tables that a refresh writes even when it finds nothing new, and
the tables about single buyers, which are not published.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from etl.config import Settings
from etl.errors import MendError, RetryError
from etl.warehouse import Connection, DatabaseError, attached, columns_of, prepared, tables_of
from etl.whole import sync

CONTENT_SCHEMAS = ("core", "steps", "marts", "audit")
MACRO_SCHEMAS = (*CONTENT_SCHEMAS, "main")  # scalar macros are called without a schema
# A table with one of these columns has a row a buyer or an order. It stays in the build database: readers get sums of
# it, and a publication does not grow with every order.
PERSONAL = ["buyer_id_hash", "transaction_id"]
UNHASHED = frozenset({"audit.expectation_result", "audit.publication"})  # a refresh always adds rows to these
KEPT = 5
UPCOMING = ".upcoming.duckdb"

# DuckDB prints a macro in the session that made it with more quotes and blanks than from the file, which keeps
# neither the hint MATERIALIZED nor how a chain of UNION is nested; and a macro that is made from such a print has
# one more SELECT around each VALUES, and a cast where `is not false` had a word. All this is dropped, except inside
# a literal.
_LITERAL_OR_NOISE = re.compile(r"('(?:[^']|'')*')|\b(?:NOT )?MATERIALIZED\b|[\s\"]")
_REPEATED = re.compile(r"('(?:[^']|'')*')|(SELECT\*FROM\()\2+(?=VALUES)|(\)ASvalueslist)\3+|([()])\4+(?!ASvalueslist)")
# A table in the text of a macro, in full; what is no table has brackets.
_TABLE = re.compile(r"(?P<before>\b(?:FROM|JOIN) \(*)(?P<table>(?:core|steps|marts)\.\w+)(?= AS \w)")
_EXCLUDED = re.compile(r"EXCLUDE\(([^()]*)\)")
_WRAPPED = re.compile(r"WITHof_this_snapshotAS\((.*)\)SELECT\*FROMof_this_snapshot", re.DOTALL)
_HELD_APART = re.compile(
    r"query_table\(CASEWHEN\(\(meta\.snapshot_in_use\(\)='(?P<origin>[^']*)'\)\)THEN\('(?P<table>[\w.]+)'\)"
    r"ELSEerror\(.*?\)\)END\)",
    re.DOTALL,
)


class Macro(NamedTuple):
    """A macro: `kind` is macro or table_macro; `types` are those of its parameters, None where any fits.

    `body` is the text that was built; `origin` names the snapshot whose tables alone a published table macro reads.
    """

    name: str
    kind: str
    parameters: list[str]
    types: list[str | None]
    comment: str | None
    body: str
    origin: str | None

    @property
    def built(self) -> tuple[Any, ...]:
        """All but the origin: what the build database has of it."""
        return self[:-1]


@dataclass(frozen=True)
class Contents:
    """What a database holds, by `schema.table` or `schema.macro`.

    `rows` counts those of every table; `hashes` cover columns, types and comments of tables and views, with the
    text of a view or the rows of a table that is not UNHASHED; `fingerprint` is over hashes and macros.
    """

    rows: dict[str, int]
    hashes: dict[str, str]
    macros: list[Macro]
    fingerprint: str


@dataclass(frozen=True)
class Snapshot:
    """One published file, as its own meta.publication describes it; `refreshed_at` is in UTC.

    `is_earlier_form` says that its tables of meta lack columns that they have now.
    """

    version: int
    refreshed_at: datetime
    fingerprint: str
    size_bytes: int
    path: Path
    is_earlier_form: bool = False

    @property
    def origin(self) -> str:
        """Number, time and content in words: no two snapshots that differ, of any homes, have the same."""
        return f"version {self.version} of {shown(self.refreshed_at)} ({self.fingerprint[:12]})"


def held_apart(definition: str, origin: str) -> str:
    """The text of a published table macro that reads the tables of its own snapshot or raises.

    DuckDB looks up the names in a macro in the database in use, not in the one that has the macro. The first table
    of the text is named by query_table, whose arguments are evaluated while names are looked up: nothing of the
    comparison is left in the plan, and no result is so small that it is skipped. `origin` has no quotes.
    """
    error = f"this macro is of {origin}, and the snapshot in use, whose tables it would read, is "
    cure = ": run USE on the attached snapshot that you ask, then call its macro"
    first = _TABLE.search(definition)
    if first is None:  # it reads through other macros alone
        definition = f"WITH of_this_snapshot AS ({definition}) SELECT * FROM of_this_snapshot"
        first = next(re.finditer(r"FROM (?P<table>of_this_snapshot)$", definition))
    guarded = (
        f"query_table(if(meta.snapshot_in_use() = '{origin}', '{first['table']}', "
        f"error('{error}' || meta.snapshot_in_use() || '{cure}')))"
    )
    return definition[: first.start("table")] + guarded + definition[first.end("table") :]


def read_contents(con: Connection, catalog: str | None = None) -> Contents:
    """Read the contents of the open database, or of the one attached as `catalog`.

    Reads every row, so that a damaged file raises DatabaseError; 20 tables of a thousand rows take about 50 ms.
    """
    opened, version = con.execute("select current_database(), version()").fetchall()[0]
    catalog = catalog or opened
    rows: dict[str, int] = {}
    hashes: dict[str, str] = {}
    here = {"catalog": catalog, "schemas": CONTENT_SCHEMAS, "personal": PERSONAL}
    for name, text, comment, columns in con.execute(prepared("published_relations"), here).fetchall():
        content: list[object] = [text, comment, *columns]
        if text is None:  # a table; the rows of a view follow from its text
            schema, table = name.split(".", 1)
            # The sum does not depend on the order of the rows, and counts equal rows as often as they occur.
            count, total = con.execute(
                "select count(*), coalesce(sum(hash(_row)::hugeint), 0)::varchar "
                f'from "{catalog}"."{schema}"."{table}" as _row'
            ).fetchall()[0]
            rows[name] = count
            content += [] if name in UNHASHED else [count, total]
        hashes[name] = _digest(content)
    found = con.execute(prepared("published_macros"), {"catalog": catalog, "schemas": MACRO_SCHEMAS}).fetchall()
    macros = [Macro._make([*row[:-1], *_built_text(row[-1])]) for row in found]
    return Contents(rows, hashes, macros, _digest([version, hashes, [macro.built for macro in macros]]))


def _built_text(definition: str) -> tuple[str, str | None]:
    """The text of a macro as it was built, without noise, and its origin when it is held apart."""
    text = _LITERAL_OR_NOISE.sub(r"\1", definition)
    text = text.replace("CAST('t'ASBOOLEAN)", "true").replace("CAST('f'ASBOOLEAN)", "false")
    apart = _HELD_APART.search(text)
    text, origin = (_HELD_APART.sub(r"\g<table>", text), apart["origin"]) if apart else (text, None)
    body = _WRAPPED.sub(r"\1", text)
    # DuckDB prints the columns of EXCLUDE in the order of a hash table
    body = _EXCLUDED.sub(lambda found: f"EXCLUDE({','.join(sorted(found[1].split(',')))})", body)
    return _REPEATED.sub(r"\1\2\3\4", body), origin


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def upcoming_path(settings: Settings) -> Path:
    """Where the next serving file is written: in the folder it is served from, so that a rename is one step."""
    return settings.serving_dir / UPCOMING


def pin_path(settings: Settings) -> Path:
    """The file that keeps refreshes from publishing after a rollback; its text says the version, by whom and when."""
    return settings.serving_dir / "PINNED"


def snapshot_path(settings: Settings, version: int) -> Path:
    """Where snapshot `version` is kept."""
    return settings.snapshots_dir / f"{version}.duckdb"


def kept_versions(settings: Settings) -> list[int]:
    """The versions to which a rollback can go back, oldest first."""
    names = (path.stem for path in settings.snapshots_dir.glob("*.duckdb"))
    return sorted(int(name) for name in names if name.isdecimal())


def inspect(con: Connection, path: Path) -> Snapshot:
    """The snapshot as the published file describes itself.

    Raises RetryError when another program has it open to write, MendError when it is not a published file.
    """
    with _opened(con, path) as catalog:
        return _described(con, catalog, path)


def inspect_whole(con: Connection, path: Path) -> tuple[Snapshot, Contents]:
    """The snapshot and its contents, for which every row is read.

    Raises RetryError when another program has it open to write, MendError when it is damaged.
    """
    with _opened(con, path) as catalog:
        return _described(con, catalog, path), read_contents(con, catalog)


def refuse_if_written(path: Path) -> None:
    """Raise MendError when a `.wal` beside a published file shows that someone opened it to write."""
    wal = path.with_name(path.name + ".wal")
    if wal.exists():
        raise MendError(
            f"{wal} shows that someone opened the published file to write: close that program (readers open "
            "it read-only) and delete the .wal file, which holds nothing that the warehouse wrote; then try again"
        )


def install(finished: Path, target: Path) -> None:
    """Replace `target` by a finished file, read-only, in one step that survives a power cut."""
    refuse_if_written(target)
    finished.chmod(0o444)
    sync(finished)
    finished.replace(target)
    sync(target.parent)


def link(source: Path, target: Path) -> None:
    """Give a published file a second name, or copy it in one step where the file system has no hard links."""
    try:
        target.hardlink_to(source)
    except OSError:
        partial = target.with_name(f"{UPCOMING}.copy")
        shutil.copyfile(source, partial)
        install(partial, target)


def keep(settings: Settings, version: int) -> None:
    """Keep what is served as snapshot `version`, and delete all but the last KEPT."""
    kept = snapshot_path(settings, version)
    if not kept.exists():
        link(settings.serving_db, kept)
        sync(kept.parent)
    for old in kept_versions(settings)[:-KEPT]:
        snapshot_path(settings, old).unlink()


def clear_leftovers(settings: Settings) -> None:
    """Remove the unfinished files of a killed publication."""
    for folder in (settings.serving_dir, settings.snapshots_dir):
        for path in folder.glob(f"{UPCOMING}*"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def record(
    con: Connection,
    snapshot: Snapshot,
    action: str,
    at: datetime,
    *,
    unexplained_rows: int | None = None,
    problem: str = "",
) -> None:
    """Append a publish or a rollback to audit.publication of the build database."""
    con.execute(
        "insert into audit.publication (version, published_at, fingerprint, size_bytes, action, unexplained_rows, "
        "reasons_problem) values (?, ?, ?, ?, ?, ?, ?)",
        [
            snapshot.version,
            at,
            snapshot.fingerprint,
            snapshot.size_bytes,
            action,
            unexplained_rows,
            problem or None,
        ],
    )


def shown(moment: datetime) -> str:
    """Format a moment for people, in UTC and to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@contextmanager
def _opened(con: Connection, path: Path) -> Iterator[str]:
    """Attach a published file to read, and yield the name of its catalog. Raises as inspect does."""
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
    is_earlier = any(
        {column.name for column in columns} - {name for name, _ in columns_of(con, f"{catalog}.{table}")}
        for table, (_, columns) in tables_of("meta").items()
    )
    return Snapshot(version, refreshed_at, fingerprint, path.stat().st_size, path, is_earlier)
