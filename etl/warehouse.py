"""The only module that opens DuckDB: the build database, published snapshots and fresh files.

The build database is opened by one process at a time and by no reader; readers open the published
snapshot, read-only. Storage version v1.4.0 throughout: on the older default a stale `.wal` beside a
file is replayed into it in silence, and typed macro parameters need it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from etl.config import Settings
from etl.contracts import contract_tables, create_contract_tables

Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error
MemoryShortage = duckdb.OutOfMemoryException
STORAGE_VERSION = "v1.4.0"
SCHEMAS = ("raw", "core", "steps", "marts", "audit", "meta")
BOOKKEEPING = Path(__file__).with_name("bookkeeping.sql")


class WarehouseError(RuntimeError):
    """The warehouse cannot go on; the message says why and what to do."""


class BusyError(WarehouseError):
    """Another process holds the database; trying again later may help."""


def create_database(path: Path) -> Connection:
    """A connection to a new or existing database file, created with the storage version of the house."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return _connect(str(path), {"storage_compatibility_version": STORAGE_VERSION})


def memory() -> Connection:
    """An in-memory database with the schemas and bookkeeping tables of the house, for tests."""
    con = _connect(":memory:", {})
    _prepare(con)
    return con


@contextmanager
def open_build(settings: Settings) -> Iterator[Connection]:
    """The build database, opened to write; checkpointed and closed at the end.

    Raises BusyError when another process holds it, WarehouseError when it cannot be opened.
    """
    con = create_database(settings.build_db)
    try:
        con.execute(f"set memory_limit = '{settings.memory}'")
        _prepare(con)
        yield con
        con.execute("checkpoint")
    finally:
        con.close()


@contextmanager
def open_snapshot(path: Path, memory_limit: str = "2GB", threads: int = 2) -> Iterator[Connection]:
    """A published snapshot, read-only, without access to other files and with its settings locked.

    Raises WarehouseError when there is none yet.
    """
    if not path.exists():
        raise WarehouseError(f"no published snapshot at {path}: run `make refresh` first")
    con = _connect(str(path), {"memory_limit": memory_limit, "threads": str(threads)}, read_only=True)
    try:
        con.execute("set timezone = 'UTC'")
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        yield con
    finally:
        con.close()


@contextmanager
def transaction(con: Connection) -> Iterator[None]:
    """One transaction: committed when the block ends, rolled back when it raises."""
    con.execute("begin")
    try:
        yield
    except BaseException:
        rollback(con)
        raise
    con.execute("commit")


@contextmanager
def attached(con: Connection, path: Path, name: str, *, read_only: bool = True) -> Iterator[None]:
    """Attach another database file beside the open one, under `name`; detached at the end.

    Always reads what stands at `path` now, also when this process still holds an older file of that
    name open. A file that is written gets the storage version of the house and no `.wal`: it is complete
    when it is checkpointed, and worthless before. Raises BusyError when another connection or process
    has it open to write, WarehouseError when it cannot be opened.
    """
    options = "read_only" if read_only else f"storage_version '{STORAGE_VERSION}', recovery_mode no_wal_writes"
    quoted = str(path).replace("'", "''")
    try:
        con.execute(f"attach '{quoted}' as {name} ({options})")
    except (duckdb.IOException, duckdb.BinderException) as error:
        raise _opening_error(str(path), error) from error
    try:
        yield
    finally:
        con.execute(f"detach {name}")


def rollback(con: Connection) -> None:
    """Roll back the open transaction; one that DuckDB has ended already is no error."""
    try:
        con.execute("rollback")
    except duckdb.TransactionException:
        return


def _connect(database: str, config: dict[str, str], read_only: bool = False) -> Connection:
    settings: dict[str, str | bool | int | float | list[str]] = dict(config)
    try:
        con = duckdb.connect(database, read_only=read_only, config=settings)
    except duckdb.IOException as error:
        raise _opening_error(database, error) from error
    con.execute("set enable_progress_bar = false")  # it would be printed among the lines of a report
    if not read_only:
        con.execute("set timezone = 'UTC'")
    return con


def _opening_error(database: str, error: duckdb.Error) -> WarehouseError:
    """Say what an error on opening means: someone holds the file, or it is broken or out of reach."""
    text = str(error)
    if "Could not set lock" in text or "already attached" in text:
        return BusyError(
            f"{database} is in use by another process: wait for the other refresh to end, or stop it ({text})"
        )
    return WarehouseError(f"{database} cannot be opened: {text}")


def _prepare(con: Connection) -> None:
    """Make the schemas and bookkeeping tables, unless those of this very text are there already.

    Every step of a refresh opens the database; looking for the mark costs a hundredth of making them.
    """
    schemas = "".join(f"create schema if not exists {schema};\n" for schema in SCHEMAS)
    text = schemas + BOOKKEEPING.read_text(encoding="utf-8") + ";\n".join(create_contract_tables())
    mark = hashlib.sha256(text.encode()).hexdigest()
    made = con.execute("select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'bookkeeping'")
    if made.fetchall() and con.execute("from raw.bookkeeping").fetchall() == [(mark,)]:
        return
    with transaction(con):
        _clear_layouts(con)
        con.execute(text)
        con.execute("delete from raw.bookkeeping")
        con.execute("insert into raw.bookkeeping values (?)", [mark])


def _clear_layouts(con: Connection) -> None:
    """Drop empty delivered tables of another version's layout, to be made anew. Raises for one with rows."""
    for table, (_, columns) in contract_tables().items():
        found = con.execute(
            "select column_name from duckdb_columns() where schema_name || '.' || table_name = ? order by column_index",
            [table],
        ).fetchall()
        if not found or [name for (name,) in found] == [column.name for column in columns]:
            continue
        if con.execute(f"select 1 from {table} limit 1").fetchall():
            raise WarehouseError(
                f"{table} was made by another version, with other columns: move the build database away, "
                "then run `make refresh` and `make daily`; what lies in the inbox is loaded again"
            )
        con.execute(f"drop table {table}")
