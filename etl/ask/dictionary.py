"""docs/dictionary.md: every table, macro and column with its type and meaning, from the comments alone.

A description is written once, in the SQL file; this page, the comments in the database and the Dagster
UI show the same words. `make dictionary` writes it; a test fails when it is not current.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from etl.config import ROOT
from etl.models.graph import create_statements, load_models
from etl.publish.publication import PUBLICATION
from etl.warehouse import Connection, memory

PAGE = ROOT / "docs" / "dictionary.md"
HEAD = """# Data dictionary

Made by `make dictionary` from the comments in the SQL files; do not edit it. Readers find core, marts,
steps, audit and meta in the published snapshot; raw stays in the build database. Marts are answers, steps
what stands between core and an answer, to trace a number through. Every table that has one is
followed by its as-of twin: a table macro with the same columns, as known on the day it is given.
"""
SCHEMAS = ("core", "marts", "steps", "audit", "meta", "raw")


def dictionary(sql_dir: Path) -> str:
    """The page, as Markdown: schemas in the order of a reader's interest, tables by name."""
    with closing(memory()) as con:
        grains = _create(con, sql_dir)
        parts = [HEAD]
        for schema in SCHEMAS:
            parts.append(f"## {schema}\n")
            parts += [_table(con, schema, table, words, grains) for table, words in _tables(con, schema)]
        return "\n".join(parts)


def _create(con: Connection, sql_dir: Path) -> dict[str, tuple[str, ...]]:
    """Make every table and macro, empty, and the tables that describe a publication."""
    grains = {}
    for model in load_models(sql_dir):
        for statement in create_statements(model):
            con.execute(statement)
        grains[model.name] = model.grain
    con.execute("attach ':memory:' as upcoming")
    con.execute(PUBLICATION.read_text(encoding="utf-8"))
    return grains


def _tables(con: Connection, schema: str) -> list[tuple[str, str | None]]:
    return con.execute(
        "select table_name, comment from duckdb_tables() "
        "where schema_name = ? and database_name in ('memory', 'upcoming') order by 1",
        [schema],
    ).fetchall()


def _table(con: Connection, schema: str, table: str, words: str | None, grains: dict[str, tuple[str, ...]]) -> str:
    columns = con.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where schema_name = ? and table_name = ? and database_name in ('memory', 'upcoming') "
        "order by column_index",
        [schema, table],
    ).fetchall()
    macros = con.execute(
        "select function_name from duckdb_functions() "
        "where schema_name = ? and function_type = 'table_macro' "
        "and function_name in (? || '_as_of', ? || '_known', replace(?, '_latest', '_as_of')) order by 1",
        [schema, table, table, table],
    ).fetchall()
    lines = [f"### {schema}.{table}\n", words or "", ""]
    if grain := grains.get(f"{schema}.{table}"):
        lines.append(f"One row a {', '.join(grain)}.")
    for (macro,) in macros:
        lines.append(f"As of a day: `{schema}.{macro}(date)`.")
    lines += ["", "| column | type | meaning |", "|---|---|---|"]
    lines += [f"| {name} | {kind} | {_cell(meaning)} |" for name, kind, meaning in columns]
    return "\n".join(lines) + "\n"


def _cell(meaning: str | None) -> str:
    return (meaning or "").replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(dictionary(ROOT / "sql"), encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
