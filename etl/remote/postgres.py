"""A table or query of a PostgreSQL database, copied as CSV into the inbox: the parts that differ from what was loaded.

A part is a day of the high-water column, a range of its numbers, or everything. Each poll computes, in one read-only
snapshot, the number of rows and a hash over them for every part, and copies the parts that are not as they were when
they were last loaded. So a row counts whenever it was committed and whatever its value: there is no mark that it could
lie behind. NULL, NaN and infinity are parts of their own.

A batch that was copied is loaded when audit.load says so. Until then, and when it is refused, its parts are copied
again as soon as they change, together with everything else that is not loaded. What goes wrong: a server that stalls,
and a state file that is lost or torn (everything is copied again). Rows that are gone at the source stay here.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.bounds import BOUNDS, RemoteRead
from etl.errors import MendError, RetryError
from etl.ledger import Ledger
from etl.secrets import clean
from etl.whole import has_hash, partial_file, place, write_whole

_TABLE = re.compile(r'(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?')
_ISO = "-c datestyle=ISO,YMD -c timezone=UTC -c intervalstyle=iso_8601 -c extra_float_digits=1"
_DAYS = ("date", "timestamp", "timestamptz")
_NUMBERS = ("int2", "int4", "int8", "numeric", "float4", "float8")
MOST_PARTS = 20_000  # of a column of numbers; with more, ten times as many numbers make a part
FORM_HINT = "write host=... dbname=... user=..., or postgresql://user@host/dbname"


@dataclass
class State:
    """Of one query: rows and hash by part as loaded, the batch that may be loaded by now, and refused batches.

    `width` is how many numbers make a part; `partly` has, by batch, the parts with rows that are in quarantine.
    """

    width: int = 10_000
    loaded: dict[str, str] = field(default_factory=dict)
    brought: dict[str, str] = field(default_factory=dict)
    content: str = ""  # SHA-256 of the batch
    refused: list[str] = field(default_factory=list)
    partly: dict[str, list[str]] = field(default_factory=dict)


def fetch(
    dsn: str,
    query: str,
    high_water: str | None,
    folder: Path,
    *,
    reading: RemoteRead | None = None,
    known: Collection[str] = (),
) -> Iterator[Path | str]:
    """Copy the parts that differ from what was loaded into one file of `folder`, if there are any; gives the file.

    `query` is a table's name or a SELECT, `high_water` one of its columns (None: one part for all), `known` the
    SHA-256 of files that were loaded before. A text says that the state was lost. Raises MendError and RetryError,
    without the password.
    """
    reading = reading or RemoteRead(BOUNDS["postgres"])
    # With a line break at its end, which a comment there needs.
    source = sql.SQL(f"select * from {query}" if _TABLE.fullmatch(query) else query.strip().rstrip(";") + "\n")
    path = _state_path(folder, query, high_water)
    state, lost = _read(path)
    with _snapshot(dsn, reading) as con:
        part, now = _parts(con, source, high_water, state)
        state.loaded = {name: found for name, found in state.loaded.items() if name in now}
        state.partly = {content: [name for name in names if name in now] for content, names in state.partly.items()}
        differing = {name: found for name, found in now.items() if state.loaded.get(name) != found}
        if lost:
            yield lost
        if differing != state.brought or not has_hash(folder / _name(state.content), state.content):
            state.refused += [state.content] if state.content else []  # or not read yet: settle() looks
            state.brought, state.content = {}, ""
        if differing and not state.content:
            rows = sql.SQL("select * from ({}) as q where {} = any({})").format(source, part, sql.Literal([*differing]))
            with partial_file(folder / ".copy.part") as file:
                digest = hashlib.sha256()
                command = sql.SQL("copy ({}) to stdout with (format csv, header)").format(rows)
                with con.cursor() as cursor, cursor.copy(command) as copied:
                    for block in reading.pieces(map(bytes, copied)):
                        file.write(block)
                        digest.update(block)
                # Rows that were there before, were changed and are there again: the inbox loads the same bytes once.
                while (content := digest.hexdigest()) in known or has_hash(folder / _name(content), content):
                    file.write(b"\n")
                    digest.update(b"\n")
                state.brought, state.content = differing, digest.hexdigest()
                reading.check()
                # The state first: after a kill between the two the file is missing, and is copied again.
                _write(path, state)
                place(file, folder / _name(state.content))
            yield folder / _name(state.content)
    reading.check()
    _write(path, state)


def settle(query: str, high_water: str | None, folder: Path, ledger: Ledger, now: datetime) -> list[str]:
    """Look up whether the batch that was copied last is loaded; then the parts in it are, and refusals before are over.

    Gives the SHA-256 of the files of which something was closed.

    In the caller's transaction. A batch has everything that was not loaded, so a later one that is loaded, or nothing
    left to load, makes up for every one that was refused. Rows in quarantine are over when the part that they were in
    was loaded again or is gone at the source.
    """
    path = _state_path(folder, query, high_water)
    state, lost = _read(path)
    if lost or not path.exists():
        return []
    standing, read = {content for _, content, _ in ledger.refusals()}, ledger.contents()
    state.refused = [content for content in state.refused if content in standing or content not in read]
    state.partly = {content: names for content, names in state.partly.items() if ledger.lines_aside(content)}
    if state.content in ledger.taken():
        for content, names in state.partly.items():
            state.partly[content] = [name for name in names if name not in state.brought]
        if lines := ledger.lines_aside(state.content):
            state.partly[state.content] = _parts_of(folder / _name(state.content), lines, high_water, state)
        state.loaded |= state.brought
        state.brought, state.content = {}, ""
    over = [content for content, names in state.partly.items() if not names]
    over += [] if state.content else state.refused
    _write(path, state)
    return over if ledger.forgive(over, now) else []


def _parts_of(file: Path, lines: Collection[int], high_water: str | None, state: State) -> list[str]:
    """The parts that rows at these lines of a batch belong to; all parts of the batch where one cannot be told."""
    found: set[str] = set()
    try:
        with file.open(encoding="utf-8", newline="") as text:
            rows = csv.reader(text)
            column, start = next(rows).index(high_water or ""), rows.line_num + 1
            for row in rows:
                if start in lines:
                    found.add(_part_of(row[column], state.width))
                start = rows.line_num + 1
    except (OSError, ValueError, ArithmeticError, csv.Error):
        return list(state.brought)
    return list(found) if found <= state.brought.keys() else list(state.brought)


def _part_of(value: str, width: int) -> str:
    """The part of a value as the database names it: a range of numbers, or a day."""
    try:
        return f"{math.floor(Decimal(value) / width)} x {width}"
    except InvalidOperation:
        day, _, rest = value.partition(" ")
        return f"{day} BC" if rest.endswith("BC") else day or "null"


def _parts(
    con: psycopg.Connection[Any], source: sql.Composable, high_water: str | None, state: State
) -> tuple[sql.Composable, dict[str, str]]:
    """The expression that gives the part of a row q, and by part the number of rows and a hash over them."""
    kind = ""
    if high_water:
        column = sql.SQL("q.{}").format(sql.Identifier(high_water))
        asked = sql.SQL("select {} from ({}) as q limit 0").format(column, source)
        code = (con.execute(asked).description or [])[0].type_code
        kind = found.name if (found := psycopg.adapters.types.get(code)) else ""
    while True:
        part: sql.Composable = sql.Literal("all")
        if kind in _DAYS:
            part = sql.SQL("coalesce({}::date::text, 'null')").format(column)
        elif kind in _NUMBERS:
            number = "float8" if kind.startswith("float") else "numeric"
            part = sql.SQL(f"coalesce(floor({{}}::{number} / {state.width})::text || ' x {state.width}', 'null')")
            part = part.format(column)
        content = "count(*) || ' ' || sum(hashtextextended((q.*)::text, 0)::numeric)"
        asked = sql.SQL(f"select {{}}, {content} from ({{}}) as q group by 1").format(part, source)
        now = {str(name): str(found) for name, found in con.execute(asked).fetchall()}
        if kind not in _NUMBERS or len(now) <= MOST_PARTS:
            return part, now
        state.width *= 10


def _name(content: str) -> str:
    return f"postgres~{content[:32]}.csv"


def _state_path(folder: Path, query: str, high_water: str | None) -> Path:
    return folder / f".{hashlib.sha256(f'{query}/{high_water}'.encode()).hexdigest()[:16]}.json"


def _read(path: Path) -> tuple[State, str]:
    """The state, and what is wrong with its file where everything has to be copied again."""
    try:
        state = State(**json.loads(path.read_text(encoding="utf-8")))
        if [type(value) for value in asdict(state).values()] != [int, dict, dict, str, list, dict]:
            raise ValueError("another form")
    except FileNotFoundError:
        return State(), ""
    except (OSError, ValueError, TypeError):
        return State(), f"{path.name} was empty, damaged or of an earlier version: everything was copied again"
    return state, ""


def _write(path: Path, state: State) -> None:
    write_whole(path, json.dumps(asdict(state)).encode())


@contextmanager
def _snapshot(dsn: str, reading: RemoteRead) -> Iterator[psycopg.Connection[Any]]:
    """A connection with one read-only snapshot. Raises MendError and RetryError."""
    try:
        given: dict[str, Any] = conninfo_to_dict(dsn)
    except psycopg.Error:  # its text may hold the password
        given = {}
    if not given or "@" in str(given.get("host")):
        raise MendError(f"WAREHOUSE_POSTGRES_DSN cannot be read: {FORM_HINT}")
    secrets = [str(value) for name, value in given.items() if "password" in name]
    given |= {
        "options": f"{given.get('options', '')} {_ISO} -c statement_timeout={reading.bounds.seconds * 1000:.0f}",
        "connect_timeout": max(2, round(reading.bounds.idle)),
        "client_encoding": "utf8",
        **{"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
    }
    try:
        with psycopg.connect(make_conninfo("", **given)) as con:
            con.read_only = True
            con.isolation_level = IsolationLevel.REPEATABLE_READ
            yield con
    except psycopg.Error as error:
        fix = "check WAREHOUSE_POSTGRES_DSN, _QUERY and _HIGH_WATER, and the network"
        raise MendError(f"PostgreSQL: {clean(str(error), secrets)}; {fix}") from None
    except OSError as error:
        raise MendError(f"PostgreSQL: {error}; free disk space or correct the permissions, then run again") from error
    except (MendError, RetryError) as error:
        raise type(error)(f"PostgreSQL: {error}; WAREHOUSE_POSTGRES_QUERY can ask for less") from error
