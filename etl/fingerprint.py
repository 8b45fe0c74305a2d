"""What readers would see, boiled down to one hash: two databases with the same fingerprint say the same.

The fingerprint covers the tables and views of core, marts and audit (names, columns, types, comments
and rows, whatever their order), the macros, and the version of DuckDB, whose hashes it uses. It leaves
out the rows of the tables that a refresh writes even when it finds nothing new, and the tables that name
buyers: they are not published.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple, dataclass
from typing import Any

from etl.warehouse import Connection

CONTENT_SCHEMAS = ("core", "marts", "audit")
# A table with this column tells of single buyers. It stays in the build database: readers get what is added
# up from it, and a publication does not grow with every order.
PERSONAL = "buyer_id_hash"
JOURNALS = frozenset({"audit.expectation_result", "audit.publication"})

# DuckDB prints a macro otherwise in the session that made it than from the file: with more quotes and
# blanks. Both are dropped, except inside a literal.
_LITERAL_OR_NOISE = re.compile(r"('(?:[^']|'')*')|[\s\"]")


@dataclass(frozen=True)
class Macro:
    """A macro: `kind` is macro or table_macro; `types` are those of its parameters, None where any goes."""

    name: str
    kind: str
    parameters: list[str]
    types: list[str | None]
    comment: str | None
    body: str


@dataclass(frozen=True)
class Contents:
    """What a database holds, by `schema.table` or `schema.macro`.

    `rows` counts those of every table; `hashes` cover columns, types and comments of tables and views,
    with the text of a view or, but for the journals, the rows; `fingerprint` is over hashes and macros.
    """

    rows: dict[str, int]
    hashes: dict[str, str]
    macros: list[Macro]
    fingerprint: str


def read_contents(con: Connection, catalog: str | None = None) -> Contents:
    """Read the contents of the open database, or of the one attached as `catalog`.

    Reads every row, so a damaged file shows here; 20 tables of a thousand rows take about 50 ms.
    """
    catalog = catalog or _one(con, "select current_database()")
    rows: dict[str, int] = {}
    hashes: dict[str, str] = {}
    for name, description in _relations(con, catalog).items():
        content: list[object] = list(description)
        if description[0] is None:  # a table; what a view shows follows from its text
            schema, table = name.split(".", 1)
            # The sum does not depend on the order of the rows, and counts a row as often as it stands there.
            count, total = con.execute(
                "select count(*), coalesce(sum(hash(_row)::hugeint), 0)::varchar "
                f'from "{catalog}"."{schema}"."{table}" as _row'
            ).fetchall()[0]
            rows[name] = count
            content += [] if name in JOURNALS else [count, total]
        hashes[name] = _digest(content)
    macros = _macros(con, catalog)
    version = _one(con, "select version()")
    fingerprint = _digest([version, hashes, [astuple(macro) for macro in macros]])
    return Contents(rows, hashes, macros, fingerprint)


def personal_tables(con: Connection, catalog: str) -> list[str]:
    """The tables that tell of single buyers, as schema.table."""
    rows = con.execute(
        "select schema_name || '.' || table_name from duckdb_columns() "
        "where database_name = ? and column_name = ? order by 1",
        [catalog, PERSONAL],
    ).fetchall()
    return [str(name) for (name,) in rows]


def _relations(con: Connection, catalog: str) -> dict[str, list[Any]]:
    """Describe each table and view: text of a view, comment, then name, type and comment of each column."""
    here = {"catalog": catalog, "schemas": list(CONTENT_SCHEMAS), "personal": personal_tables(con, catalog)}
    where = "where database_name = $catalog and list_contains($schemas, schema_name) and not internal"
    where += " and not list_contains($personal, schema_name || '.' || {})"
    tables, views = where.format("table_name"), where.format("view_name")
    found = con.execute(
        f"""
        select schema_name || '.' || table_name, null, comment from duckdb_tables() {tables}
        union all
        select schema_name || '.' || view_name, sql, comment from duckdb_views() {views}
        order by 1
        """,
        here,
    ).fetchall()
    relations: dict[str, list[Any]] = {name: [text, comment] for name, text, comment in found}
    for name, *column in con.execute(
        f"""
        select schema_name || '.' || table_name, column_name, data_type, comment from duckdb_columns()
        {tables}
        order by schema_name, table_name, column_index
        """,
        here,
    ).fetchall():
        relations[name].append(column)
    return relations


def _macros(con: Connection, catalog: str) -> list[Macro]:
    found = con.execute(
        """
        select
            schema_name || '.' || function_name, function_type, parameters, parameter_types, comment,
            macro_definition
        from duckdb_functions()
        where database_name = $catalog and list_contains($schemas, schema_name) and not internal
        order by all
        """,
        {"catalog": catalog, "schemas": list(CONTENT_SCHEMAS)},
    ).fetchall()
    return [
        Macro(name, kind, parameters, types, comment, _LITERAL_OR_NOISE.sub(r"\1", body))
        for name, kind, parameters, types, comment, body in found
    ]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _one(con: Connection, query: str) -> str:
    return str(con.execute(query).fetchall()[0][0])
