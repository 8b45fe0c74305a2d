"""The only module that opens DuckDB: the build database, published snapshots and new files.

One process at a time opens the build database, and no reader does; readers open the published snapshot, read-only.
All files have storage version v1.4.0: on the older default a stale `.wal` beside a file is silently replayed into it.

Some tables of the build database are kept from one refresh to the next: what sources said and the audit trail, whose
columns are in sql/raw and sql/audit, and the delivered tables of etl/contracts.py. When a database of an older version
is opened, the changes of sql/migrations are made first and then new columns are added.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import cache
from hashlib import sha256
from itertools import takewhile
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from etl.buyers import know_buyers
from etl.config import ROOT, Settings, make_private
from etl.contracts import CONTRACTS, Column, as_of_macro, contract_tables, wrong_time
from etl.errors import MendError, RetryError
from etl.whole import copy_open_file, partial_file, place, write_whole

Connection = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error
MemoryShortage = duckdb.OutOfMemoryException
Interrupted = duckdb.InterruptException
_OPENING = Lock()  # of snapshots by threads of this process
# Errors whose message is enough for a person; any other is a fault of the program.
EXPECTED = (MendError, RetryError, DatabaseError, OSError)
Misfit = (duckdb.BinderException, duckdb.CatalogException)  # a query that does not fit its tables
STORAGE_VERSION = "v1.4.0"
SCHEMAS = ("raw", "core", "steps", "marts", "audit", "meta")
SQL = ROOT / "sql"
_CREATE_TABLE = re.compile(r"-- (?P<tells>.+)\ncreate table (?P<name>[\w.]+) \(\n(?P<columns>(?:[^)\n].*\n)+)\);?\s*")
_COLUMN = re.compile(r"\s+(?P<name>\w+)\s+(?P<type>\S.*?),?\s+-- (?P<meaning>\S.*)")
# What DuckDB says of a database with bytes that it did not write; it seldom names the file.
_DAMAGE = re.compile(
    r"Corrupt database file|not a valid DuckDB database|Could not read enough bytes|Failed to deserialize"
    r"|Failure while replaying WAL"
)
_NAMED_FILE = re.compile(r'\bfile "([^"]*)"')
# The type of times in homes of older versions; etl.contracts.wrong_time says why it is none of a column any more.
ZONED = "TIMESTAMP WITH TIME ZONE"
GO_ON = (
    "run `make refresh`, which moves it aside and goes on from its copy and the archive of deliveries; readers keep "
    "what is served"
)
# A line of a migration behind which nothing may be left of what was there before.
CLEARS = "-- clears: identifiers of persons"
_WHEN = re.compile(r"^-- when: (.+)$", re.MULTILINE)


class LostError(MendError):
    """The build database is not there or cannot be read; etl.archive.recover goes on without it."""


# The reader of CSV guesses nothing: each of its options is here or where it is called.
CSV_OPTIONS = (
    "auto_detect = false, header = false, nullstr = '', comment = '', encoding = 'utf-8', compression = 'none', "
    "decimal_separator = '.', thousands = '', strict_mode = true, allow_quoted_nulls = true, all_varchar = false, "
    "normalize_names = false, hive_partitioning = false, union_by_name = false, filename = false, store_rejects = false"
)


def create_database(path: Path) -> Connection:
    """A connection to a new or existing database file, created with our storage version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return _connect(str(path), {"storage_compatibility_version": STORAGE_VERSION})


def memory() -> Connection:
    """An in-memory database with the schemas and kept tables, for tests."""
    con = _connect(":memory:", {})
    _prepare(con)
    return con


def empty() -> Connection:
    """An in-memory database without anything, to look at files that are attached."""
    return _connect(":memory:", {})


@contextmanager
def without_pandas() -> Iterator[None]:
    """Keep DuckDB from importing pandas in the block, where nobody has: a quarter of a second and 60 MB.

    It does so when the first value is bound to a query (findings/duckdb_bound_value_imports_pandas.sh). In the block
    an import of pandas fails; afterwards it is as before.
    """
    is_spared = "pandas" not in sys.modules
    if is_spared:
        sys.modules["pandas"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if is_spared:
            del sys.modules["pandas"]


@contextmanager
def open_build(settings: Settings, *, is_recovering: bool = False) -> Iterator[Connection]:
    """The build database, opened to write; checkpointed and closed at the end. One that is lost `is_recovering`.

    Raises RetryError when another process holds it, LostError when it is found to be damaged, now or in an earlier run,
    or gone from a home that has deliveries, MendError when it cannot be opened.
    """
    con = None
    try:
        make_private(settings, settings.build_db.parent, settings.inbox)
        if not is_recovering:
            _refuse_a_lost_one(settings)
        con = _opened_to_write(settings)
        _prepare(con, settings.build_db)
        if _leftover(settings.build_db).exists():
            con.close()
            _write_anew(settings.build_db)
            con = _opened_to_write(settings)
        yield con
        con.execute("checkpoint")
    except LostError:
        raise
    except Exception as error:
        text = f"{error} {error.__cause__}"
        said, named = _DAMAGE.search(text), _NAMED_FILE.findall(text)
        own = {str(settings.build_db), f"{settings.build_db}.wal"}
        is_other = str(settings.serving_dir) in text or set(named) - own
        if said and not is_other:
            write_whole(damage_mark(settings), said[0].encode())
            raise LostError(f"the build database {settings.build_db} is damaged ({said[0]}): {GO_ON}") from error
        raise
    finally:
        if con is not None:
            con.close()


def damage_mark(settings: Settings) -> Path:
    """A file that says how the build database is damaged, also where that shows only while it is read."""
    return settings.build_db.with_name("damaged.txt")


def _refuse_a_lost_one(settings: Settings) -> None:
    """Raise LostError where an empty build database would be made in the place of one that had deliveries."""
    if (mark := damage_mark(settings)).exists():
        said = mark.read_text(encoding="utf-8", errors="replace")
        raise LostError(f"the build database {settings.build_db} is damaged ({said}): {GO_ON}")
    places = (settings.archive_dir, settings.build_db.parent / "aside")
    left = settings.build_copy.exists() or any(any(folder.glob("[0-9]*")) for folder in places)
    if left and not settings.build_db.exists():
        raise LostError(f"the build database {settings.build_db} is not there: {GO_ON}")


def _opened_to_write(settings: Settings) -> Connection:
    """The build database with the limit of its memory and what has to be known of buyers."""
    con = create_database(settings.build_db)
    know_buyers(con, settings.home)
    con.execute(f"set memory_limit = '{settings.memory}'")
    return con


@contextmanager
def open_snapshot(
    path: Path, memory_limit: str = "2GB", threads: int = 2, *, writes: Path | None = None, spills: bool = True
) -> Iterator[Connection]:
    """A published snapshot, read-only, without access to other files but `writes`, and with its settings locked.

    `writes` is a file, or a folder for all files in it. Unless it `spills`, what does not fit into memory fails.

    Raises MendError when there is none yet, RetryError when it `writes` while this process reads the file elsewhere.
    """
    if not path.exists():
        raise MendError(f"no published snapshot at {path}: run `make refresh` first")
    config = {"memory_limit": memory_limit, "threads": str(threads)} | ({} if spills else {"temp_directory": ""})
    with _OPENING:
        con = _connect(str(path), config, read_only=True)
        try:
            _lock(con, path, writes)
        except BaseException:
            con.close()
            raise
    try:
        yield con
    finally:
        con.close()


def _lock(con: Connection, path: Path, writes: Path | None) -> None:
    """Lock the settings of a snapshot's connection.

    Within a process, connections to one file share one database, whose settings the first of them has locked.
    """
    ((is_locked,),) = con.execute("select current_setting('lock_configuration')").fetchall()
    if is_locked and writes:
        raise RetryError(f"this process reads {path} elsewhere: write {writes} when that has ended")
    if is_locked:
        return
    con.execute("set global timezone = 'UTC'")
    if writes:
        kind, place = ("directories", f"{writes}/") if writes.is_dir() else ("paths", str(writes))
        con.execute(f"set allowed_{kind} = [{literal(place)}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")


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

    Always reads the file that is at `path` now, also when this process still holds an older file of that
    name open. A file that is written gets our storage version and no `.wal`: it is complete
    when it is checkpointed, and worthless before. Raises RetryError when another connection or process
    has it open to write, MendError when it cannot be opened.
    """
    options = "read_only" if read_only else f"storage_version '{STORAGE_VERSION}', recovery_mode no_wal_writes"
    try:
        con.execute(f"attach {literal(str(path))} as {name} ({options})")
    except (duckdb.IOException, duckdb.BinderException) as error:
        raise _opening_error(str(path), error) from error
    try:
        yield
    finally:
        con.execute(f"detach {name}")


def columns_of(con: Connection, table: str) -> list[tuple[str, str]]:
    """Name and type of each column of `schema.table`, in order; none where there is no such table.

    duckdb_columns() looks at all tables of all databases, which takes 30 times as long.
    """
    try:
        found = con.execute(f"select name, type from pragma_table_info({literal(table)})").fetchall()
    except duckdb.CatalogException:
        return []
    return [(name, kind) for name, kind in found]


def count(con: Connection, sql: str, values: Mapping[str, Any] | None = None) -> int:
    """The number that a statement returns: rows that it changed, or what it counted."""
    return int(con.execute(sql, dict(values or {})).fetchall()[0][0])


def is_one_query(con: Connection, sql: str) -> bool:
    """Whether a text is one statement that gives rows. Raises DatabaseError for one that cannot be parsed."""
    return [statement.type for statement in con.extract_statements(sql)] == [duckdb.StatementType.SELECT]


def prepared(name: str) -> str:
    """The text of a query of sql/queries, whose parameters are named in it."""
    return (SQL / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def day_of(text: str) -> date:
    """The day that a person wrote. Raises MendError for anything but YYYY-MM-DD."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise MendError(f"{text} is not a day, written as 2020-05-27")
    return day


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def sql_path(path: Path) -> str:
    """The path as a literal that names this file only, whatever its name looks like."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def one_of(value: str, words: Iterable[str]) -> str:
    """SQL that holds where `value`, an expression, is one of the words; null where it is null.

    Of an IN with five constants or more DuckDB 1.5 makes a join, behind which rows can come in another order: no line
    could be told by its place any more.
    """
    return f"list_contains([{', '.join(map(literal, words))}]::varchar[], {value})"


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
    except duckdb.Error as error:
        raise _opening_error(database, error) from error
    with suppress(duckdb.InvalidInputException):  # in Jupyter without ipywidgets it is off, and cannot be set to off
        con.execute("set enable_progress_bar = false")  # it would be printed among the lines of a report
    if not read_only:
        con.execute("set timezone = 'UTC'")
        # Files that we write again under one name would be read as they were: the cache knows them by name and time.
        con.execute("set enable_external_file_cache = false")
    return con


def _opening_error(database: str, error: duckdb.Error) -> MendError | RetryError:
    """Say what an error on opening means: someone holds the file, or it is broken or out of reach."""
    text = str(error)
    if "Could not set lock" in text or "already attached" in text:
        return RetryError(
            f"{database} is in use by another process: wait for the other refresh to end, or stop it ({text})"
        )
    return MendError(f"{database} cannot be opened: {text}")


def kept_tables() -> dict[str, tuple[str, tuple[Column, ...]]]:
    """What a row tells and the columns, by table, of the tables that no refresh makes anew."""
    return tables_of("raw") | tables_of("audit") | contract_tables()


@cache
def tables_of(schema: str) -> dict[str, tuple[str, tuple[Column, ...]]]:
    """What a row tells and the columns, by table, as the files of sql/<schema>/ have them.

    Raises MendError for a file that is not of the form: comment, CREATE TABLE, a line with a comment for
    each column.
    """
    tables = {}
    for path in sorted((SQL / schema).glob("*.sql")):
        found = _CREATE_TABLE.fullmatch(path.read_text(encoding="utf-8"))
        lines = [_COLUMN.fullmatch(line) for line in found["columns"].splitlines()] if found else []
        if not found or found["name"] != f"{schema}.{path.stem}" or None in lines:
            raise MendError(
                f"{path}: write `-- what a row is`, then `create table {schema}.{path.stem} (`, then a line "
                "`name type, -- unit and meaning` for each column, and `)`"
            )
        columns = tuple(Column(line["name"], line["type"], line["meaning"]) for line in lines if line)
        for column in columns:
            if sentence := wrong_time(column.type, column.meaning):
                raise MendError(f"{path}: {column.name}: {sentence}")
        tables[found["name"]] = found["tells"], columns
    return tables


def create_table(table: str, tells: str, columns: Sequence[Column]) -> str:
    """The statements that make a table with its comments, unless it is there; the comments are renewed."""
    listed = ", ".join(f"{column.name} {column.type}" for column in columns)
    statements = [f"create table if not exists {table} ({listed})", f"comment on table {table} is {literal(tells)}"]
    statements += [f"comment on column {table}.{c.name} is {literal(c.meaning)}" for c in columns]
    return ";\n".join(statements) + ";\n"


def scalar_macros() -> str:
    """The statements that make the scalar macros in the database in use."""
    return "".join(_scalar_macro(path) for path in sorted((SQL / "macros").glob("*.sql")))


def _scalar_macro(path: Path) -> str:
    """The statements that make a macro of sql/macros/, with the comment lines above it as its comment."""
    text = path.read_text(encoding="utf-8").rstrip()
    head = takewhile(lambda line: line.startswith("--"), text.splitlines())
    words = " ".join(line.removeprefix("--").strip() for line in head)
    return f"{text}\ncomment on macro {path.stem} is {literal(words)};\n"


@cache
def _layout() -> tuple[str, tuple[tuple[str, str], ...], str]:
    """The script of kept tables and scalar macros, condition and statements of each migration, and a hash of it all."""
    script = "".join(f"create schema if not exists {schema};\n" for schema in SCHEMAS)
    script += "".join(create_table(table, *described) for table, described in kept_tables().items())
    script += "".join(f"{as_of_macro(contract)};\n" for contract in CONTRACTS)
    script += scalar_macros()
    migrations = []
    for path in sorted((SQL / "migrations").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        condition = _WHEN.search(text)
        if not condition:
            raise MendError(f"{path}: write a line `-- when:` with a query that has a row where it is to be done")
        migrations.append((condition[1], text))
    return script, tuple(migrations), sha256(repr((script, migrations)).encode()).hexdigest()


def write_anew_when_opened(database: Path) -> None:
    """Let the next opening copy a database into a new file: its free blocks hold what has been removed from it."""
    _leftover(database).touch()


def _leftover(database: Path) -> Path:
    """A file beside a database of which values were replaced that its free blocks still hold."""
    return database.with_name(f"{database.name}.leftover")


def _write_anew(database: Path) -> None:
    """Copy a database into a new file, so that nothing of what was replaced in it is left on the disk.

    Done again from the start where a kill interrupts it. Raises MendError when there is no room.
    """
    copy = database.with_name(f".{database.name}.part")
    copy.unlink(missing_ok=True)
    con = _connect(":memory:", {})
    try:
        with attached(con, database, "old"), attached(con, copy, "fresh", read_only=False):
            con.execute("copy from database old to fresh")
            con.execute("checkpoint fresh")
    except duckdb.Error as error:
        raise MendError(f"{database} could not be copied without old values ({error}); make room, run again") from error
    finally:
        con.close()
    with copy.open("rb") as file:
        place(file, database)
    _leftover(database).unlink()


def _prepare(con: Connection, database: Path | None = None) -> None:
    """Make the kept tables, or bring those of an older version up to date; nothing where that was done.

    Every step of a refresh opens the database: looking for the hash costs a hundredth of making the tables.
    Each change is a transaction of its own, and what a kill leaves undone is done at the next opening.
    """
    script, migrations, text_hash = _layout()
    is_made = con.execute("select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'bookkeeping'")
    if is_made.fetchall() and con.execute("from raw.bookkeeping").fetchall() == [(text_hash,)]:
        if database:
            _end_upgrade(database)
        return
    con.execute("set variable root = ?", [str(ROOT)])
    if database and _is_older(con, [condition for condition, _ in migrations]):
        _keep_before_upgrade(con, database)
    for condition, statements in migrations:
        if con.execute(condition).fetchall():
            if database:
                write_anew_when_opened(database)
                if CLEARS in statements:
                    write_whole(upgrading(database), CLEARS.encode())
            with transaction(con):
                con.execute(statements)
    with transaction(con):
        types = _types(con)
        for table, (_, columns) in kept_tables().items():
            _change_columns(con, table, columns, types.get(table, {}))
        macros = con.execute(
            "select distinct function_name from duckdb_functions() "
            "where database_name = current_database() and schema_name = 'main' and not internal"
        ).fetchall()
        for (macro,) in macros:
            con.execute(f"drop macro main.{macro}")
        con.execute(script)
        con.execute("delete from raw.bookkeeping")
        con.execute("insert into raw.bookkeeping (text_hash) values (?)", [text_hash])
    if database:
        _end_upgrade(database)


def _types(con: Connection) -> dict[str, dict[str, str]]:
    """The type of each column, by table."""
    found = con.execute(
        "select schema_name || '.' || table_name, map(list(column_name), list(data_type)) from duckdb_columns() "
        "where database_name = current_database() group by all"
    )
    return dict(found.fetchall())


def _is_older(con: Connection, conditions: Sequence[str]) -> bool:
    """Whether an opening changes rows that are there: by a migration, or by columns of a table."""
    types = _types(con)
    wanted = {table: {column.name for column in columns} for table, (_, columns) in kept_tables().items()}
    others = [table for table in wanted.keys() & types.keys() if _is_changed(types[table], wanted[table])]
    return any(con.execute(condition).fetchall() for condition in conditions) or any(
        con.execute(f"select 1 from {table} limit 1").fetchall() for table in others
    )


def _is_changed(types: Mapping[str, str], wanted: Collection[str]) -> bool:
    return types.keys() != set(wanted) or ZONED in types.values()


def before_upgrade(database: Path) -> Path:
    """The database as it was before the last upgrade of its tables: the way back to the version that wrote it."""
    return database.with_name("before_upgrade.duckdb")


def upgrading(database: Path) -> Path:
    """A file that says that an upgrade has begun: what is kept of the time before it is not replaced."""
    return database.with_name("upgrading")


def _end_upgrade(database: Path) -> None:
    """Note that an upgrade is done; what was kept of the time before goes where it has persons in plain text."""
    if (mark := upgrading(database)).exists():
        if mark.read_bytes():
            before_upgrade(database).unlink(missing_ok=True)
        mark.unlink()


def _keep_before_upgrade(con: Connection, database: Path) -> None:
    """Copy the database before an upgrade begins. Raises MendError where it cannot be."""
    if upgrading(database).exists():
        return
    con.execute("checkpoint")
    try:
        with partial_file(database.with_name(".before_upgrade.part")) as file:
            copy_open_file(database, Path(file.name))
            place(file, before_upgrade(database))
        write_whole(upgrading(database), b"")
    except OSError as error:
        raise MendError(
            f"{database} is of an earlier version and could not be copied before its upgrade ({error}): make room, "
            "then run again; nothing was changed"
        ) from error


def _change_columns(con: Connection, table: str, columns: Sequence[Column], types: Mapping[str, str]) -> None:
    """Add the columns that a table of an older version, with the columns of `types`, lacks: with their defaults.

    Times that it has with a time zone become times in UTC.

    Raises MendError for a table whose rows have a column that is unknown now, or lack one that no row may
    leave empty.
    """
    unknown = types.keys() - {column.name for column in columns}
    missing = [column for column in columns if column.name not in types]
    zoned = [name for name, kind in types.items() if kind == ZONED]
    if not types or not (unknown or missing or zoned):
        return
    if not con.execute(f"select 1 from {table} limit 1").fetchall():
        con.execute(f"drop table {table}")
        return
    if unknown:
        raise MendError(
            f"{table} has rows with {', '.join(sorted(unknown))}, which this version does not know: go back to the "
            "version that wrote them, restore a backup that is older than it, or add a file to sql/migrations that "
            "renames the column or moves its values into `extra`"
        )
    for column in missing:
        if column.required and column.default == "null":
            raise MendError(
                f"{table} has rows without {column.name}, which no row may leave empty: give it a default in "
                "its contract"
            )
    if zoned:  # written anew: DuckDB 1.5 cannot replay an ALTER COLUMN with an expression after a kill
        schema, _, name = table.partition(".")
        times = ", ".join(f"{column} at time zone 'UTC' as {column}" for column in zoned)
        con.execute(f"create table {schema}.migrated as select * replace ({times}) from {table}")
        con.execute(f"drop table {table}")
        con.execute(f"alter table {schema}.migrated rename to {name}")
    for column in missing:
        con.execute(f"alter table {table} add column {column.name} {column.type} default {column.default}")
        con.execute(f"alter table {table} alter column {column.name} drop default")
