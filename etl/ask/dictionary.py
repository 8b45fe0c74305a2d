"""The pages that are made from the SQL files: docs/dictionary.md, and tables of meanings in other pages.

A description is written once, in the SQL file; the dictionary, the comments in the database and the Dagster UI show
it. The meanings of definitions and terms are in core.definition and core.term; a page shows the rows of a query
between `<!-- select ... -->` and `<!-- end -->`. `make dictionary` writes all of them; a test fails when one is not
current.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from etl.config import ROOT
from etl.models.graph import create_statements, load_models
from etl.warehouse import Connection, create_table, memory, tables_of

DOCS = ROOT / "docs"
PAGE = "dictionary.md"
ROWS = re.compile(r"(<!-- (select [^>]+) -->\n).*?(?=<!-- end -->)", re.DOTALL)
HEAD = """# Data dictionary

Made by `make dictionary` from the comments in the SQL files; do not edit it. The published snapshot has core, marts,
steps, audit and meta; raw stays in the build database. Marts are answers, steps are the intermediate results through
which a number can be traced. Where a table has an as-of twin, its section names it: a table macro with the same
columns, as known on a given day. In a session with attached snapshots run `use` on a snapshot before you call a twin
of it: DuckDB looks up the tables of a macro in the database in use. Where that is another snapshot, the twin raises
an error that names both; where it is none, DuckDB says of a macro or table that it does not exist.
"""
TABLES = "select table_name, comment from duckdb_tables() where schema_name = ? order by 1"
COLUMNS = """
    select column_name as column, data_type as type, comment as meaning from duckdb_columns()
    where schema_name = ? and table_name = ? order by column_index
"""
SCHEMAS = ("core", "marts", "steps", "audit", "meta", "raw")
MACROS = """Expressions that many models share, called without a schema; queries on a snapshot may use them too. They
read no table and call no other macro, so they give the same from whichever snapshot they are called. A table macro
(`<table>_as_of(date)`, `core.observation_known(date)`) reads tables: run `use` on its snapshot first, where several are
attached. `meta.snapshot_in_use()` names the snapshot in use: version, time of publication, content.
"""
SCALAR = """
    select function_name, array_to_string(arg_max(parameters, len(parameters)), ', '), any_value(comment)
    from duckdb_functions()
    where database_name = 'memory' and schema_name = 'main' and not internal
    group by function_name order by function_name
"""


def made_pages(sql_dir: Path, docs: Path = DOCS) -> dict[str, str]:
    """The current text of each page of `docs` that is made from the SQL files, whole or in part, by its name.

    Raises MendError for a SQL file, DatabaseError for a query in a page.
    """
    with closing(memory()) as con:
        models = load_models(sql_dir)
        for model in models:
            for statement in create_statements(model):
                con.execute(statement)
        for table, described in tables_of("meta").items():
            con.execute(create_table(table, *described))
        texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(docs.glob("*.md"))}
        made = {
            name: ROWS.sub(lambda found: found[1] + _rows(con, found[2]), text)
            for name, text in texts.items()
            if ROWS.search(text)
        }
        return {PAGE: _dictionary(con, {model.name: model.grain for model in models}), **made}


def _dictionary(con: Connection, grains: Mapping[str, tuple[str, ...]]) -> str:
    """Schemas in the order of a reader's interest, tables by name."""
    parts = [HEAD]
    for schema in SCHEMAS:
        parts.append(f"## {schema}\n")
        tables = con.execute(TABLES, [schema]).fetchall()
        parts += [_table(con, schema, table, words, grains) for table, words in tables]
    parts.append(f"## macros\n\n{MACROS}")
    parts += [f"- `{name}({arguments})`: {words}" for name, arguments, words in con.execute(SCALAR).fetchall()]
    return "\n".join(parts) + "\n"


def _table(con: Connection, schema: str, table: str, words: str | None, grains: Mapping[str, tuple[str, ...]]) -> str:
    name = f"{schema}.{table}"
    macros = con.execute(
        "select function_name from duckdb_functions() "
        "where schema_name = ? and function_type = 'table_macro' "
        "and function_name in (? || '_as_of', ? || '_known', replace(?, '_latest', '_as_of')) order by 1",
        [schema, table, table, table],
    ).fetchall()
    lines = [f"### {name}\n", words or "", ""]
    if grain := grains.get(name):
        lines.append(f"One row per {', '.join(grain)}.")
        keys = con.execute(f"select distinct {grain[0]} from {name} order by 1").fetchall()
        if keys:  # a table that is written in its SQL file
            lines.append(f"{grain[0]} is one of {', '.join(f'`{key}`' for (key,) in keys)}.")
    lines += [f"As of a day: `{schema}.{macro}(date)`." for (macro,) in macros]
    return "\n".join([*lines, "", _rows(con, COLUMNS, [schema, table])])


def _rows(con: Connection, query: str, values: Sequence[str] = ()) -> str:
    """The answer of a query as a Markdown table."""
    answer = con.execute(query, values)
    header = [column[0] for column in answer.description]
    lines = [header, ["---"] * len(header), *answer.fetchall()]
    return "".join(f"|{'|'.join(_cell(value) for value in line)}|\n" for line in lines)


def _cell(value: str | None) -> str:
    return value if value == "---" else f" {value or ''} ".replace("|", "\\|")
