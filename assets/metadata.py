"""Metadata of an asset in the UI: first rows, how new they are, documents, columns, lineage.

Column types are read from DuckDB's catalog, comments from where the build has them too: the SQL file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import dagster as dg

from etl.page.numbers import printed
from etl.warehouse import Connection, columns_of

if TYPE_CHECKING:
    from etl.models.file import Model

MOST_SHOWN = 1000  # characters of Markdown that the UI shows at once; a longer text it hides behind a link
MOST_ROWS = 20
PLACES = ((10, 4), (1000, 2))  # decimal places of a double below a size; a larger one has none
CELL_WIDTH = 60
NAMES, COLUMNS = 3, 6  # columns that name a row, beside its day; columns of a table without numbers
PERIODS = ("date", "period_end", "cohort_month", "month", "day", "event_on", "claimed_on")
KNOWN = ("known_on", "published_on", "last_on")
UNITS = ("unit", "currency")
REASONS = ("validity", "verdict", "status")
SILENT = {"row_id", "observation_id", "period_start", "fiscal_label", "calendar_label", *UNITS, *REASONS}
MONEY, VALUES = ("cac", "cost", "spend", "gmv", "expense"), ("value", "computed")
NUMBERS = ("DOUBLE", "DECIMAL", "BIGINT")
DOCUMENTS_SHOWN = 3
Columns = Mapping[str, str]
"""The type of each column by its name, in their order."""


def table_metadata(con: Connection, table: str, rows: int, comments: Mapping[str, str]) -> dict[str, Any]:
    """What the UI shows of `schema.table` as it is in the database, in the order in which people look for it.

    First rows with their number, how new the data is, the newest documents behind it, then columns and row count.
    `comments` are those of its columns.
    """
    columns = dict(columns_of(con, table))
    shown: dict[str, Any] = {"first rows": dg.MetadataValue.md(first_rows(con, table, columns))}
    if newest := newest_data(con, table, columns):
        shown["newest data"] = newest
    if table.startswith("marts.") and (documents := newest_documents(con, table, columns)):
        shown["newest documents"] = listed(documents)
    described = column_schema((name, kind, comments.get(name)) for name, kind in columns.items())
    return shown | {"dagster/row_count": rows, "dagster/column_schema": described}


def first_rows(con: Connection, table: str, columns: Columns) -> str:
    """The newest rows, those with a number first, as a Markdown table: as many as the UI shows at once.

    A row has the columns that name it, its day, the number with its interval in one cell, its unit and its reason.
    """
    number, day = _number(columns), _first(PERIODS, columns)
    if number is None:
        texts = named = [name for name in columns if name not in SILENT][:COLUMNS]
    else:
        before = [name for name in takewhile(lambda name: name != number, columns) if name not in SILENT]
        texts = [name for name in before if columns[name] == "VARCHAR" and name != day][:NAMES]
        reasons = [name for name in REASONS if name in columns]
        named = [*texts[:1], *filter(None, (day, number, _unit(number, columns))), *reasons, *texts[1:]]
    low, high = _ends(number, columns) or ("null", "null")
    cells = [f"{{'number': {name}, 'low': {low}, 'high': {high}}}" if name == number else name for name in named]
    order = [*([f"{number} is null"] if number else []), *([f"{day} desc"] if day else []), *texts]
    if "definition" in columns and table.startswith("marts."):
        order.insert(1, "definition not in (select definition from core.definition where is_plain)")
    rows = con.execute(
        f"select {', '.join(cells)} from {table} order by {', '.join(order)} limit {MOST_ROWS}"
    ).fetchall()
    if not rows:
        return "no row"
    shown = [[_quantity(value) if isinstance(value, dict) else _text(value) for value in row] for row in rows]
    kept = [place for place, name in enumerate(named) if any(row[place] for row in shown)]
    lines = [[row[place] for place in kept] for row in shown]
    while len(text := markdown_table([named[place] for place in kept], lines)) >= MOST_SHOWN:
        lines.pop()
    return text


def newest_data(con: Connection, table: str, columns: Columns) -> str:
    """The last day that the rows with a number are about, and the last on which one of them became known."""
    days = [day for day in (_first(PERIODS, columns), _first(KNOWN, columns)) if day]
    if not days:
        return ""
    (found,) = con.execute(
        f"select {', '.join(f'max({day})' for day in days)} from {_answered(table, columns)}"
    ).fetchall()
    return ", ".join(f"{day} {str(value)[:10]}" for day, value in zip(days, found, strict=True) if value is not None)


def newest_documents(con: Connection, table: str, columns: Columns) -> list[str]:
    """The newest documents that the rows with a number cite, as links; nothing where they cite none."""
    if "input_observation_ids" in columns:
        cited = (
            f"select figure.document_id from (select distinct unnest(input_observation_ids) as observation_id "
            f"from {_answered(table, columns)}) as input join core.observation as figure using (observation_id)"
        )
    elif "document_id" in columns:
        cited = f"select document_id from {_answered(table, columns)}"
    else:
        return []
    documents = con.execute(
        "select published_on, title, url from core.document "
        f"where published_on is not null and url <> '' and document_id in ({cited}) "
        f"order by published_on desc, document_id limit {DOCUMENTS_SHOWN}"
    ).fetchall()
    return [f"{day}: [{_cell(title, CELL_WIDTH)}]({url})" for day, title, url in documents]


def _answered(table: str, columns: Columns) -> str:
    """The rows of a table that have a number, for a query."""
    number = _number(columns)
    return f"{table} where {number} is not null" if number else table


def _number(columns: Columns) -> str | None:
    """The first column with an interval, else the first with a number. What somebody claims is no answer."""
    intervals = [name for name in columns if _ends(name, columns) and name != "claimed"]
    plain = [name for name, kind in columns.items() if kind.startswith(NUMBERS)]
    return next(iter(intervals or plain), None)


def _unit(number: str, columns: Columns) -> str | None:
    """The column with its unit: a row's currency is that of amounts, not of the shares and counts beside them."""
    is_money = any(word in number for word in MONEY)
    return _first(["currency"] if is_money else ["unit"] if number in VALUES else [], columns)


def _ends(number: str | None, columns: Columns) -> tuple[str, str] | None:
    """The columns with the ends of its interval."""
    ends = [("low", "high")] if number == "value" and f"{number}_low" not in columns else []
    return next(((low, high) for low, high in [*ends, (f"{number}_low", f"{number}_high")] if low in columns), None)


def _first(names: Iterable[str], columns: Columns) -> str | None:
    return next((name for name in names if name in columns), None)


def _quantity(cell: Mapping[str, Any]) -> str:
    """A number with its interval, where it has one: 163.01 [162.92, 163.11]; nothing where nothing is known."""
    size = abs(cell["number"]) if isinstance(cell["number"], float) else math.inf
    digits = next((places for below, places in PLACES if size < below), 0)
    number, low, high = (printed(cell[part], digits) for part in ("number", "low", "high"))
    has_interval = (low or high) and not cell["low"] == cell["number"] == cell["high"]
    return " ".join(filter(None, (number, f"[{low or '…'}, {high or '…'}]" if has_interval else "")))


def column_schema(columns: Iterable[tuple[str, str, str | None]]) -> dg.TableSchema:
    """(name, type, comment) of each column, in Dagster's words."""
    return dg.TableSchema([dg.TableColumn(name, kind, comment or "") for name, kind, comment in columns])


def lineage_metadata(model: Model, models: Sequence[Model]) -> dict[str, Any]:
    """The columns that each column of `model` is computed from: as Dagster's lineage, and as a table for people.

    The open source UI does not show column lineage, hence the table.
    """
    from etl.models.graph import column_lineage  # imports SQLGlot, which the health does without

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


def listed(lines: Sequence[str]) -> dg.MarkdownMetadataValue:
    """A list in Markdown, as much of it as the UI shows at once, and how many lines are left out."""
    shown = [f"- {line}" for line in lines]
    while len("\n".join(shown)) >= MOST_SHOWN - CELL_WIDTH:
        shown.pop()
    more = [f"- and {len(lines) - len(shown):,} more"] if len(shown) < len(lines) else []
    return dg.MetadataValue.md("\n".join([*shown, *more]))


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
