"""What a table was made from, recorded when it is made and when it is published.

raw.model_built has, of each table and macro, when it was made last and a hash of the program that made it. When a
snapshot is compared with what was built, that is kept for its version in raw.model_served: what came to a source
after that moment, or differs in the hash, is new since that snapshot (etl/publish/reasons.py). A table that a run
does not make keeps its moment, so that a row of a source explains it also when only a later run gets to it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from etl.models.file import Model
from etl.warehouse import SQL, Connection

DELIVERIES, DAY = "", "raw.refresh_day"
# Not before the newest delivered row that was found, whatever the clock says.
NOW = "(greatest(now(), (select max(try_cast(s.state as timestamptz)) from raw.daily_state as s)) at time zone 'UTC')"


def note_built(con: Connection, model: Model, basis: str | None = None, content: str | None = None) -> None:
    """Record that a table or macro is made now, or found as it would be; in the caller's transaction.

    `basis` and `content` are those of etl/basis.py.
    """
    con.execute("delete from raw.model_built where table_name = ?", [model.name])
    con.execute(
        f"""insert into raw.model_built by name
        select $name as table_name, $state as state, {NOW} as built_at, $basis as basis, $content as content""",
        {"name": model.name, "state": program(con, model), "basis": basis, "content": content},
    )


def note_served(con: Connection, version: int, kept: list[int]) -> None:
    """Record that snapshot `version` has the content of the build database, and forget those not `kept`."""
    con.execute(
        "delete from raw.model_served where version = $v or not list_contains($k, version)", {"v": version, "k": kept}
    )
    con.execute(
        f"""insert into raw.model_served by name
        select $version as version, b.table_name, b.built_at, b.state from raw.model_built as b
        union all
        select $version, $deliveries, {NOW}, null
        union all
        select $version, $day, {NOW}, max(r.day)::varchar from raw.refresh_day as r""",
        {"version": version, "deliveries": DELIVERIES, "day": DAY},
    )


def program(con: Connection, model: Model) -> str:
    """A hash of all that computes a model, except the tables and macros that it reads."""
    (version,) = con.execute("select version()").fetchall()[0]
    parts = [model.sql, _scalar_macros(), version, *([_code(model.python)] if model.python else [])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _scalar_macros() -> str:
    return _digest(tuple((SQL / "macros").glob("*.sql")))


@cache
def _code(module: str) -> str:
    """A hash of the package of a module."""
    spec = find_spec(module)
    return _digest(tuple(Path(spec.origin).parent.glob("*.py"))) if spec and spec.origin else ""


def _digest(paths: tuple[Path, ...]) -> str:
    hashed = hashlib.sha256()
    for path in sorted(paths):
        hashed.update(path.name.encode() + path.read_bytes())
    return hashed.hexdigest()
