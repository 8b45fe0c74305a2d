"""Whether a table is as it would be made again: what it was made from and what it holds, as hashes.

The basis of a table is a hash over its statements, the text of the macros that it calls, its suite, the program (all of
etl, the installed packages, Python), and columns and rows of each table that it or its suite reads, directly or
through macros. When its checks passed, raw.model_built keeps the basis and a hash of the table itself. While both are
the same, making and checking it again would give the same rows and the same results: it is left as it is, and what is
made from it finds its input unchanged. A table whose content did not change stops the wave.
"""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from etl.checks.suite import Suite
from etl.config import ROOT
from etl.models.file import AS_OF, Model
from etl.models.graph import create_statements
from etl.publish.origins import program
from etl.unchanged import Look, packages
from etl.warehouse import Connection

# Hashes of the tables that this process has looked at, by run: a table is read once for all that are made from it.
_HELD: defaultdict[str, dict[str, str]] = defaultdict(dict)
_MACROS: dict[str, frozenset[str]] = {}


def held(con: Connection, table: str, run_id: str) -> str:
    """A hash of columns and rows of a table, in any order; it is that of nothing where there is none."""
    known = _HELD[run_id]
    if table not in known:
        known[table] = content(con, table)[1]
    return known[table]


def know(run_id: str, table: str, hashed: str) -> None:
    """A table was looked at in a run, and what was found is committed."""
    _HELD[run_id][table] = hashed


def forget(run_id: str, *tables: str) -> None:
    """These tables may have changed in a run: they are read again."""
    for table in tables:
        _HELD[run_id].pop(table, None)


def content(con: Connection, table: str) -> tuple[int, str]:
    """The number of rows of a table, and a hash of its columns and rows in any order."""
    columns = con.execute(
        "select column_name, data_type from duckdb_columns() where schema_name || '.' || table_name = $name "
        "and database_name = current_database() order by column_index",
        {"name": table},
    ).fetchall()
    if not columns:
        return 0, ""
    ((rows, total),) = con.execute(f"select count(*), sum(hash(t)::hugeint) from {table} as t").fetchall()
    return int(rows), _digest([repr((columns, rows, total))])


def basis(con: Connection, model: Model, suite: Suite, models: Sequence[Model], run_id: str) -> str:
    """The hash of all that a table and the results of its checks follow from, in the caller's transaction."""
    by_name = {other.name: other for other in models}
    tables: set[str] = set()
    macros: dict[str, Model] = {}
    ahead = [*model.reads, *suite.reads]  # a twin has a text, which is in the statements, and no rows
    while ahead:
        name = ahead.pop().removesuffix("()")
        found = by_name.get(name) or by_name.get(name.removesuffix(AS_OF))
        if found and found.is_macro and name not in macros:
            macros[name] = found
            ahead += found.reads
        elif not (found and found.is_macro):
            tables.add(found.name if found else name)
    parts = [*create_statements(model), program(con, model), _machinery(), repr(suite)]
    parts += [text for name in sorted(macros) for text in create_statements(macros[name])]
    parts += [part for table in sorted(tables - {model.name}) for part in (table, held(con, table, run_id))]
    return _digest(parts)


def is_made(con: Connection, model: Model, wanted: str, found: str, run_id: str) -> bool:
    """Whether a table was made from this basis, its checks passed, it holds what it held then, and has its twin."""
    kept = con.execute(
        "select 1 from raw.model_built where table_name = $name and basis = $wanted and content = $found",
        {"name": model.name, "wanted": wanted, "found": found},
    ).fetchall()
    return bool(kept) and (not model.twin or model.name + AS_OF in _macros(con, run_id))


def _macros(con: Connection, run_id: str) -> frozenset[str]:
    """The table macros that a run found; it drops none before all tables are made."""
    if run_id not in _MACROS:
        found = con.execute(
            "select schema_name || '.' || function_name from duckdb_functions() "
            "where database_name = current_database() and function_type = 'table_macro'"
        ).fetchall()
        _MACROS[run_id] = frozenset(name for (name,) in found)
    return _MACROS[run_id]


@cache
def _machinery() -> str:
    """A hash of the program that makes and checks all tables."""
    look = Look()
    look.at(ROOT / "etl")
    packages(look)
    return _digest([sys.version, *(f"{name} {hashed}" for name, hashed in sorted(look.found.items()))])


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
