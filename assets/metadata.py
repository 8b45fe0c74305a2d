"""Metadata of an asset in the UI: columns, lineage, first rows, links.

Column types and comments are read from DuckDB's catalog, where the build wrote those of the SQL file.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from etl.models.file import Model
from etl.models.graph import column_lineage
from etl.warehouse import Connection

PREVIEW_ROWS = 10
CELL_WIDTH = 60


def table_metadata(con: Connection, table: str, rows: int) -> dict[str, Any]:
    """Column schema and first rows of `schema.table`, as it is in the database, and the given row count."""
    schema, name = table.split(".")
    columns = con.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? "
        "order by column_index",
        [schema, name],
    ).fetchall()
    first = con.execute(f'from "{schema}"."{name}" limit {PREVIEW_ROWS}').fetchall()
    return {
        "dagster/row_count": rows,
        "dagster/column_schema": column_schema(columns),
        "first rows": dg.MetadataValue.md(markdown_table([column[0] for column in columns], first)),
    }


def column_schema(columns: Iterable[tuple[str, str, str | None]]) -> dg.TableSchema:
    """(name, type, comment) of each column, in Dagster's words."""
    return dg.TableSchema([dg.TableColumn(name, kind, comment or "") for name, kind, comment in columns])


def lineage_metadata(model: Model, models: Sequence[Model]) -> dict[str, Any]:
    """The columns that each column of `model` is computed from: as Dagster's lineage, and as a table for people.

    The open source UI does not show column lineage, hence the table.
    """
    sources = column_lineage(model, tuple(models))
    deps = {
        column: [dg.TableColumnDep(asset_key=asset_key(table), column_name=name) for table, name in pairs]
        for column, pairs in sources.items()
    }
    lines = [[column, ", ".join(f"{table}.{name}" for table, name in sources[column])] for column in sources]
    return {
        "dagster/column_lineage": dg.TableColumnLineage(deps),
        "columns come from": dg.MetadataValue.md(markdown_table(["column", "comes from"], lines, width=400)),
    }


def asset_key(table: str) -> dg.AssetKey:
    """The key of the asset of `schema.table`."""
    return dg.AssetKey(table.split("."))


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[Any]], width: int = CELL_WIDTH) -> str:
    """A markdown table; cells longer than `width` characters are cut, empty ones stay empty."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(value, width) for value in line) + " |" for line in lines)


def days_metadata(name: str, days: Sequence[date]) -> dict[str, Any]:
    """How many days, and the first and last of them."""
    span = f": {days[0]} to {days[-1]}" if days else ""
    return {name: f"{len(days):,}{span}"}


def rows_table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table that the UI can show; every value as text, so that any type fits."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return dg.MetadataValue.table(
        records=[dg.TableRecord({name: _text(row.get(name)) for name in columns}) for row in rows],
        schema=dg.TableSchema([dg.TableColumn(name, "text") for name in columns]),
    )


def code_block(text: str, language: str = "") -> dg.MarkdownMetadataValue:
    """Text in a fixed-width block."""
    return dg.MetadataValue.md(f"```{language}\n{text.strip()}\n```")


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _cell(value: Any, width: int) -> str:
    text = " ".join(_text(value).split())
    return (text if len(text) <= width else text[: width - 1] + "…").replace("|", "\\|")
