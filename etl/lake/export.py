"""`warehouse export lake TO`: each kept snapshot as a version of a lake that other engines read.

    TO/lake.ducklake                          the catalogue: a DuckDB file with the tables of DuckLake
    TO/data/marts/cac_trend/7.parquet         the rows of a table from version 7 to the next that has another file
    TO/versions.json                          the files of each version, for readers without DuckLake

A version has the tables of core, steps and marts, without those about single buyers. A file is written only where the
rows differ from those of the version before. Each file is read back and held against the snapshot, value by value,
before the catalogue knows it; the catalogue is replaced in one rename, once for each version. So a lake is always
readable, and has the versions that were finished when an export was killed; the next one goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from etl.config import Settings
from etl.errors import MendError, RetryError, written_to
from etl.lake import catalogue
from etl.lake.catalogue import CATALOGUE, DATA, LakeTable, LakeVersion
from etl.lake.columns import LakeColumn, lake_columns, quoted
from etl.lake.index import INDEX, NEXT, RESTORE, announce, checked, get_in_force
from etl.lock import try_lock
from etl.publish.export import PARQUET
from etl.publish.files import PERSONAL, inspect, kept_versions, snapshot_path
from etl.warehouse import Connection, attached, count, empty, literal, prepared
from etl.whole import make_folder, partial_file, place

SCHEMAS = ("core", "steps", "marts")
PART = f".{CATALOGUE}.part"
LOCK = ".lock"
TIMES = ("date", "timestamp", "timestamptz")


class LakeExport(NamedTuple):
    """What an export did: the folder, the versions that it added and those that are there, and the files written."""

    path: Path
    added: list[int]
    versions: list[int]
    files: int
    size_bytes: int


def export_lake(settings: Settings, to: Path) -> LakeExport:
    """Add each kept snapshot of the home that the lake in the folder `to` does not have; make the lake if need be.

    Raises MendError when `to` is something else, or the lake of another home or of simulated data; when a snapshot has
    a type or a value that Parquet does not give back exactly; when none is kept. Raises RetryError while another
    export writes there.
    """
    to = to.absolute()
    if not to.parent.is_dir():
        raise MendError(f"{to.parent} is no folder: make it first")
    if not kept_versions(settings):
        raise MendError(f"{settings.home} has no published snapshot: run `make refresh` first")
    _refuse_others(to)
    with written_to(to):
        make_folder(to)
        return _exported(settings, to)


def _exported(settings: Settings, to: Path) -> LakeExport:
    with _alone(to):
        if not (to / CATALOGUE).exists():
            with closing(empty()) as con, _changed_catalogue(con, to):
                catalogue.make_catalogue(con)
        there = _versions(to)
        added, files, size = [], 0, 0
        for version in _missing(settings, to, there):
            written = _add(settings, to, version)
            added.append(version.version)
            files += len(written)
            size += sum(table.size_bytes for table in written)
        return LakeExport(to, added, [*(version.version for version in there), *added], files, size)


def _refuse_others(to: Path) -> None:
    """Raise MendError unless the folder is a lake, empty, or not there, and its files are in it."""
    if to.is_symlink() or (to.exists() and not to.is_dir()):
        raise MendError(f"{to} is no folder: name another one")
    if not to.exists():
        return
    is_lake = (to / CATALOGUE).is_file() and not (to / CATALOGUE).is_symlink()
    if not is_lake and (to / INDEX).exists():
        raise MendError(f"{to / CATALOGUE} is missing, and {INDEX} is there: {RESTORE}")
    if not is_lake and {path.name for path in to.iterdir()} - {PART, LOCK, NEXT, f"{NEXT}.part"}:
        raise MendError(f"{to} exists and is no lake: name another folder")
    for folder in (to / DATA, *(to / DATA).glob("*"), *(to / DATA).glob("*/*")):
        if folder.is_symlink():
            raise MendError(f"{folder} is a link: a lake has its files in its own folder")


@contextmanager
def _alone(to: Path) -> Iterator[None]:
    """Keep a second export out of the folder. Raises RetryError while one is at work."""
    with (to / LOCK).open("a") as held:
        if not try_lock(held):
            raise RetryError(f"another export writes {to}: wait for it to end")
        yield


@contextmanager
def _changed_catalogue(con: Connection, to: Path) -> Iterator[None]:
    """A copy of the catalogue, or a new one, as the database `lake` in use; put in its place at the end."""
    part = to / PART
    part.unlink(missing_ok=True)
    if (to / CATALOGUE).exists():
        shutil.copyfile(to / CATALOGUE, part)
    try:
        with attached(con, part, "lake", read_only=False):
            con.execute("use lake")
            try:
                yield
                announce(con, to)
            finally:
                con.execute("use memory")
        with part.open("rb") as file:
            place(file, to / CATALOGUE)
        get_in_force(to)
    finally:
        part.unlink(missing_ok=True)


def _versions(to: Path) -> list[LakeVersion]:
    """The versions of the lake, oldest first. Raises MendError where it is not as this program left it."""
    with closing(empty()) as con, attached(con, to / CATALOGUE, "lake"):
        con.execute("use lake")
        try:
            checked(con, to)
            return catalogue.versions_of(con)
        finally:
            con.execute("use memory")


def _missing(settings: Settings, to: Path, there: Sequence[LakeVersion]) -> Iterator[LakeVersion]:
    """The kept publications that the lake does not have, oldest first.

    Raises MendError where what it has is not of this home: of its last version the number and the content are among
    those that the home published.
    """
    kept, known = [], dict[int, str]()
    with closing(empty()) as con:
        for version in kept_versions(settings):
            path = snapshot_path(settings, version)
            snapshot = inspect(con, path)
            with attached(con, path, "snapshot"):
                known |= dict(con.execute(prepared("lake_published")).fetchall())
            known[version] = snapshot.fingerprint
            at = snapshot.refreshed_at.replace(tzinfo=None)
            kept.append(LakeVersion(version, at, snapshot.fingerprint, settings.is_demo))
    if there and known.get(there[-1].version) != there[-1].fingerprint:
        raise MendError(
            f"{to} has version {there[-1].version} of another home, or of this one before it was restored from an "
            "older backup: name another folder"
        )
    last = there[-1].version if there else 0
    yield from (version for version in kept if version.version > last)


def _add(settings: Settings, to: Path, version: LakeVersion) -> list[LakeTable]:
    """Write one version, files first; the tables whose files were written."""
    path = snapshot_path(settings, version.version)
    with closing(empty()) as con, attached(con, path, "snapshot"), _changed_catalogue(con, to):
        con.execute("set temp_directory = ''")  # rows pass through; a file beside the lake would be none of ours
        before = catalogue.tables_of(con)
        tables = [_table(con, to, version.version, found, before.get(found.name)) for found in _relations(con)]
        catalogue.add_version(con, version, before, tables, to)
    return [table for table in tables if table.path.endswith(f"/{version.version}.parquet")]


class Relation(NamedTuple):
    """A table or view of a snapshot, with the comments of itself and of its columns."""

    name: str
    names: list[str]
    comments: tuple[str, ...]


def _relations(con: Connection) -> list[Relation]:
    """The tables and views of the snapshot."""
    here = {"catalog": "snapshot", "schemas": SCHEMAS, "personal": PERSONAL}
    rows = con.execute(prepared("published_relations"), here).fetchall()
    return [
        Relation(name, [column for column, *_ in found], (comment or "", *(meaning or "" for *_, meaning in found)))
        for name, _, comment, found in rows
    ]


def _table(con: Connection, to: Path, version: int, relation: Relation, old: LakeTable | None) -> LakeTable:
    """A table of a version: as it was in the version before where it has the same rows, else with a file of its own."""
    name, comments = relation.name, relation.comments
    columns = lake_columns(name, relation.names, con.sql(f"from snapshot.{name} limit 0").types)
    _refuse_days(con, name, columns)
    has_form = old and (old.columns, old.comments) == (columns, comments)
    if old and has_form and not _difference(con, to / old.path, name, columns):
        return old
    path = f"{DATA}/{name.replace('.', '/')}/{version}.parquet"
    rows, size, footer = _write(con, to / path, name, columns)
    return LakeTable(name, columns, comments, path, rows, size, footer)


def _write(con: Connection, target: Path, name: str, columns: Sequence[LakeColumn]) -> tuple[int, int, int]:
    """Write the rows of a table, read them back, give the file its name; its rows, bytes and bytes of the footer.

    Raises MendError where a value that is read back is another one.
    """
    with partial_file(target.with_name(f".{target.name}.part")) as file:
        written = Path(file.name)
        ids = ", ".join(column.fields for column in columns)
        con.execute(
            f"copy (from snapshot.{name}) to {literal(str(written))} "
            f"(format parquet, compression zstd, use_tmp_file false, field_ids {{{ids}}})"
        )
        if difference := _difference(con, written, name, columns):
            raise MendError(f"nothing was exported of this version: {difference}")
        ((rows, footer),) = con.execute(
            f"select num_rows, footer_size from parquet_file_metadata({literal(str(written))})"
        ).fetchall()
        place(file, target)
    return rows, target.stat().st_size, footer


def _difference(con: Connection, path: Path, name: str, columns: Sequence[LakeColumn]) -> str:
    """The first difference between a table of the snapshot and a file, in words; '' where row by row all is the same.

    Two numbers that compare as equal are held against each other as text too: 0 and -0.
    """
    source, file = f"snapshot.{name}", f"read_parquet({literal(str(path))}, {PARQUET})"
    if not path.is_file():
        return f"{path} is not there"
    wanted, found = (con.sql(f"from {one} limit 0") for one in (source, file))
    if (wanted.columns, wanted.types) != (found.columns, found.types):
        return f"{name} has other columns or types when it is read back"
    rows, others = (count(con, f"select count(*) from {one}") for one in (source, file))
    if rows != others:
        return f"{name} has {rows:,} rows, and {others:,} when it is read back"
    conditions = {column.name: _differs(column) for column in columns}
    pairs = f"{source} as a positional join {file} as b"
    if not count(con, f"select count(*) from {pairs} where {' or '.join(conditions.values())}"):
        return ""
    for column, condition in conditions.items():
        cell = quoted(column)
        values = con.execute(f"select a.{cell}::varchar, b.{cell}::varchar from {pairs} where {condition} limit 1")
        for before, after in values.fetchall():
            return f"{name}: {column} is {before!r}, and {after!r} when it is read back"
    return f"{name} differs when it is read back"


def _differs(column: LakeColumn) -> str:
    a, b = (f"{side}.{quoted(column.name)}" for side in "ab")
    text = f" or {a}::varchar is distinct from {b}::varchar" if column.is_floating else ""
    return f"{a} is distinct from {b}{text}"


def _refuse_days(con: Connection, name: str, columns: Sequence[LakeColumn]) -> None:
    """Raise MendError for a day that Parquet holds and Python and Polars do not show: infinity, the year 10000."""
    for column in columns:
        if column.type not in TIMES:
            continue
        cell = quoted(column.name)
        values = con.execute(
            f"select {cell}::varchar from snapshot.{name} where {cell} is not null "
            f"and not (isfinite({cell}) and year({cell}) between 1 and 9999) limit 1"
        )
        for (value,) in values.fetchall():
            raise MendError(
                f"nothing was exported of this version: {name}: {column.name} is {value}, which not every reader can "
                "show: days from the year 1 to 9999 can be exported"
            )
