"""A table or query of a PostgreSQL database, copied as CSV into the inbox, with a high-water mark.

COPY ... TO STDOUT in one read-only snapshot, as text: the reader of the inbox gives the columns their types.
The mark is the largest value of the high-water column that was copied. What goes wrong: rows that share the mark
and are committed later (they are copied again), rows without a value in the column (refused, because they would
never be copied). A change that leaves the column as it was cannot be seen: choose a column that every change sets.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql

from etl.errors import MendError

_TABLE = re.compile(r'(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?')
_ISO = "-c datestyle=ISO,YMD -c timezone=UTC -c intervalstyle=iso_8601 -c extra_float_digits=1"


def fetch(dsn: str, query: str, high_water: str | None, folder: Path) -> list[Path]:
    """Copy the rows from the last mark on into a file of `folder`, if there are new ones; returns the file.

    `query` is a table's name or a SELECT, `high_water` one of its columns (None: all rows, every time; the
    same rows make the same file). The mark is written after the file: after a kill between the two, rows are
    copied a second time and none is lost. Raises MendError, without the password.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = sql.SQL("select * from " + query if _TABLE.fullmatch(query) else query.strip().rstrip(";"))
    state = folder / f".{hashlib.sha256(f'{query}/{high_water}'.encode()).hexdigest()[:16]}.json"
    with _snapshot(dsn) as con:
        if not high_water:
            return _copy(con, source, folder)
        column = sql.Identifier(high_water)
        since = json.loads(state.read_text(encoding="utf-8")) if state.exists() else None
        now = _position(con, source, column)
        if now is None or now == since:
            return []
        rows = sql.SQL("select * from ({}) as q").format(source)
        if since:
            rows += sql.SQL(" where q.{} >= {}").format(column, sql.Literal(since["high_water"]))
        files = _copy(con, rows + sql.SQL(" order by q.{}").format(column), folder)
    part = state.with_suffix(".part")
    part.write_text(json.dumps(now), encoding="utf-8")
    part.replace(state)
    return files


def _position(con: psycopg.Connection[Any], source: sql.Composable, column: sql.Identifier) -> dict[str, Any] | None:
    """The largest value and how many rows share it; None without rows. Raises MendError for rows without a value."""
    statement = sql.SQL(
        "select max(q.{c})::text, count(*) filter (where q.{c} is null), "
        "(select count(*) from ({q}) as r where r.{c} = (select max(s.{c}) from ({q}) as s)) from ({q}) as q"
    ).format(c=column, q=source)
    row = con.execute(statement).fetchone()
    if row and row[1]:
        raise MendError(
            f"PostgreSQL: {row[1]:,} rows have no {column.as_string(con)} and would never be copied; "
            "fill it, or choose another WAREHOUSE_POSTGRES_HIGH_WATER"
        )
    return {"high_water": row[0], "rows": row[2]} if row and row[0] is not None else None


def _copy(con: psycopg.Connection[Any], rows: sql.Composable, folder: Path) -> list[Path]:
    part, digest = folder / ".copy.part", hashlib.sha256()
    command = sql.SQL("copy ({}) to stdout with (format csv, header)").format(rows)
    with part.open("wb") as file, con.cursor() as cursor, cursor.copy(command) as copied:
        for block in copied:
            file.write(block)
            digest.update(block)
    target = folder / f"postgres~{digest.hexdigest()[:32]}.csv"
    if target.exists():
        part.unlink()
        return []
    part.replace(target)
    return [target]


@contextmanager
def _snapshot(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        with psycopg.connect(dsn, connect_timeout=10, client_encoding="utf8", options=_ISO) as con:
            con.read_only = True
            con.isolation_level = IsolationLevel.REPEATABLE_READ
            yield con
    except psycopg.Error as error:
        reason = " ".join(str(error).split())[:400]
        raise MendError(
            f"PostgreSQL: {reason}; check WAREHOUSE_POSTGRES_DSN, _QUERY and _HIGH_WATER, and the network"
        ) from error
    except OSError as error:
        raise MendError(f"PostgreSQL: {error}; free disk space or correct the permissions, then run again") from error
