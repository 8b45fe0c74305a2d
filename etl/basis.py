"""Whether a table is as it would be made again: what it was made from and what it holds, as hashes.

The basis of a table is a hash over its statements, the text of the macros that it calls, its suite, the program (all of
etl, the installed packages, Python), and columns and rows of each table that it or its suite reads, directly or
through macros; of a table of raw only the rows that its query can use, such as those of one kind. When its checks
passed, raw.model_built keeps the basis and a hash of the table itself. While both are the same, making and checking it
again would give the same rows and the same results: it is left as it is, and what is made from it finds its input
unchanged. A table whose content did not change stops the wave. Of a table that is built by day the hash of its suite is
kept alone: which of its days are due tells the rest (etl/daily/due.py).
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
from etl.warehouse import Connection, columns_of

# Hashes of what this process has looked at, by run, table and condition: it is read once for all that are made from it.
_HELD: defaultdict[str, dict[tuple[str, str], str]] = defaultdict(dict)
_MACROS: dict[str, frozenset[str]] = {}
ALL = "true"


def held(con: Connection, table: str, run_id: str, rows: str = ALL) -> str:
    """A hash of columns and rows of a table, in any order; it is that of nothing where there is none."""
    known = _HELD[run_id]
    if (table, rows) not in known:
        known[table, rows] = content(con, table, rows)[1]
    return known[table, rows]


def know(run_id: str, table: str, hashed: str) -> None:
    """A table was looked at in a run, and what was found is committed."""
    _HELD[run_id][table, ALL] = hashed


def forget(run_id: str, *tables: str) -> None:
    """These tables may have changed in a run: they are read again."""
    for looked_at in [(table, rows) for table, rows in _HELD[run_id] if table in tables]:
        del _HELD[run_id][looked_at]


def content(con: Connection, table: str, rows: str = ALL) -> tuple[int, str]:
    """The number of rows of a table, and a hash of its columns and those rows in any order."""
    columns = columns_of(con, table)
    if not columns:
        return 0, ""
    ((number, total),) = con.execute(
        f"select count(*), sum(hash(t)::hugeint) from {table} as t where {rows}"
    ).fetchall()
    return int(number), _digest([repr((columns, number, total))])


def basis(con: Connection, model: Model, suite: Suite, models: Sequence[Model], run_id: str) -> str:
    """The hash of all that a table and the results of its checks follow from, in the caller's transaction."""
    by_name = {other.name: other for other in models}
    tables: set[tuple[str, str]] = set()
    macros: dict[str, Model] = {}
    # A twin has a text, which is in the statements, and no rows.
    ahead = [*_rows_read(model), *((name, ALL) for name in suite.reads)]
    while ahead:
        name, rows = ahead.pop()
        name = name.removesuffix("()")
        found = by_name.get(name) or by_name.get(name.removesuffix(AS_OF))
        if found and found.is_macro and name not in macros:
            macros[name] = found
            ahead += _rows_read(found)
        elif not (found and found.is_macro):
            tables.add((found.name if found else name, rows))
    parts = [*create_statements(model), program(con, model), _machinery(), repr(suite)]
    parts += [text for name in sorted(macros) for text in create_statements(macros[name])]
    for table, rows in sorted(tables):
        parts += [table, rows, held(con, table, run_id, rows)] if table != model.name else []
    return _digest(parts)


def of_suite(con: Connection, suite: Suite, models: Sequence[Model], run_id: str) -> str:
    """The hash of all that the results of a suite follow from, beside the tables with days and the program."""
    looked_up = sorted(
        model.name for model in models if model.name in suite.reads if not (model.daily or model.is_macro)
    )
    return _digest([repr(suite), *(held(con, table, run_id) for table in looked_up)])


def kept(con: Connection, table: str) -> str | None:
    """The basis that is kept of a table, where its checks passed."""
    found = con.execute("select basis from raw.model_built where table_name = ?", [table]).fetchall()
    return found[0][0] if found else None


def _rows_read(model: Model) -> list[tuple[str, str]]:
    """The tables that a model reads, each with the condition of the rows that its query can use."""
    rows = dict(model.rows_read)
    return [(read, " or ".join(f"({one})" for one in rows.get(read, ())) or ALL) for read in model.reads]


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
