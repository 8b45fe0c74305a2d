"""Published tables as one XLSX workbook: a sheet a table, and what a sheet cannot hold.

Excel keeps a number as a double and shows 15 digits of it: a DECIMAL or whole number that has more is text. Days
before March 1900, on which its calendar is wrong, are text too. A text that begins with = is no formula. Characters
that XML does not allow become U+FFFD. A table is left out, with the reason, where it has more rows than a sheet, or a
text is longer than a cell; no row and no text is cut. A time has milliseconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
from openpyxl.styles import Font  # type: ignore[import-untyped]

from etl.errors import MendError
from etl.warehouse import Connection

MOST_ROWS = 1_048_576  # of a sheet, with its header
LONGEST = 32_767  # characters of a cell
LONGEST_NAME = 31  # characters of the name of a sheet
DIGITS = 15
FIRST_DAY = date(1900, 3, 1)
BATCH = 10_000
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT = ("VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT")
Cell = str | int | float | bool | datetime | None


@dataclass(frozen=True)
class ExportedTable:
    """A published table to export: columns are (name, type, meaning)."""

    name: str
    description: str
    rows: int
    columns: Sequence[tuple[str, str, str]]


@dataclass
class Sheet:
    """What became of a table: the name of its sheet, or why it has none; what is text because Excel cannot hold it."""

    table: str
    name: str = ""
    left_out: str = ""
    numbers_as_text: int = 0
    days_as_text: int = 0
    characters_replaced: int = 0


def write_workbook(con: Connection, tables: Sequence[ExportedTable], path: Path) -> list[Sheet]:
    """Write a sheet for each table, after sheets that list tables and columns; what became of each table."""
    book = openpyxl.Workbook(write_only=True)
    contents, columns = book.create_sheet("tables"), book.create_sheet("columns")
    sheets, names = [], {"tables", "columns"}
    for table in tables:
        sheet = Sheet(table.name, left_out=_too_large(con, table))
        if not sheet.left_out:
            sheet.name = _sheet_name(table.name, names)
            _fill(book.create_sheet(sheet.name), [name for name, *_ in table.columns], _rows(con, table, sheet))
        sheets.append(sheet)
    listed = (
        (table.name, table.description, table.rows, sheet.name or sheet.left_out)
        for table, sheet in zip(tables, sheets, strict=True)
    )
    _fill(contents, ("table", "description", "rows", "sheet"), listed)
    _fill(columns, ("table", "column", "type", "meaning"), ((t.name, *column) for t in tables for column in t.columns))
    book.save(path)
    return sheets


def check_workbook(con: Connection, tables: Sequence[ExportedTable], sheets: Sequence[Sheet], path: Path) -> None:
    """Read the workbook back. Raises MendError where a cell is not what was meant."""
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        for table, sheet in zip(tables, sheets, strict=True):
            if sheet.left_out:
                continue
            found = book[sheet.name].iter_rows(min_row=2, max_col=len(table.columns), values_only=True)
            rows = 0
            for rows, (wanted, read) in enumerate(zip(_rows(con, table, Sheet("")), found, strict=False), 1):
                for column, meant, cell in zip(table.columns, wanted, read, strict=True):
                    if not _is_same(meant, cell):
                        place = f"row {rows + 1}, column {column[0]}"
                        raise MendError(f"nothing was exported: {path.name} differs from {table.name} in {place}")
            if rows != table.rows or next(found, None) is not None:
                raise MendError(f"nothing was exported: {path.name} has other rows than {table.name}")
    finally:
        book.close()


def _is_same(meant: Cell, cell: Cell) -> bool:
    """Whether a cell that was read is the one that was meant; an empty text is an empty cell."""
    return (_to_millisecond(cell) if isinstance(cell, datetime) else cell) == (None if meant == "" else meant)


def _too_large(con: Connection, table: ExportedTable) -> str:
    if table.rows >= MOST_ROWS:
        return f"{table.rows:,} rows, and a sheet has {MOST_ROWS - 1:,}: read parquet or csv"
    lengths = [f'max(length("{name}"::varchar))' for name, kind, _ in table.columns if kind not in _KEPT[1:]]
    if lengths:
        (found,) = con.execute(f"select {', '.join(lengths)} from {table.name}").fetchall()
        if (longest := max(length or 0 for length in found)) > LONGEST:
            return f"a text of {longest:,} characters, and a cell has {LONGEST:,}: read parquet or csv"
    return ""


def _sheet_name(table: str, names: set[str]) -> str:
    """The table without its schema, cut and numbered where that is too long or taken."""
    short = table.partition(".")[2]
    for number in range(1, 1000):
        ending = "" if number == 1 else f"_{number}"
        name = short[: LONGEST_NAME - len(ending)] + ending
        if name not in names:
            names.add(name)
            return name
    raise MendError(f"{table} has no name left for a sheet")


def _fill(sheet: Any, header: Sequence[str], rows: Any) -> None:
    sheet.freeze_panes = "A2"
    titles = [WriteOnlyCell(sheet, value=name) for name in header]
    for title in titles:
        title.font = Font(bold=True)
    sheet.append(titles)
    for row in rows:
        sheet.append([_written(sheet, value) for value in row])


def _written(sheet: Any, value: Cell) -> Any:
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value=value)
        is_day = value.time() == datetime.min.time()
        cell.number_format = "yyyy-mm-dd" if is_day else "yyyy-mm-dd hh:mm:ss.000"
        return cell
    if isinstance(value, str) and value.startswith(("=", "#")):  # neither a formula nor an error
        cell = WriteOnlyCell(sheet, value=value)
        cell.data_type = "s"
        return cell
    if isinstance(value, float) and float(f"{value:.16g}") != value:  # openpyxl writes 16 digits, and 17 are needed
        cell = WriteOnlyCell(sheet, value=value)
        cell._value = repr(value)
        return cell
    return value


def _rows(con: Connection, table: ExportedTable, sheet: Sheet) -> Iterator[list[Cell]]:
    """The rows as they stand in the sheet, which counts what is text there."""
    values = (
        f'"{name}"' if kind in _KEPT or kind.startswith("DECIMAL") else f'"{name}"::varchar'
        for name, kind, _ in table.columns
    )
    cursor = con.cursor()
    cursor.execute(f"select {', '.join(values)} from {table.name}")
    while rows := cursor.fetchmany(BATCH):
        for row in rows:
            yield [_cell(value, sheet) for value in row]


def _cell(value: Any, sheet: Sheet) -> Cell:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        return _to_millisecond(value)
    if isinstance(value, str):
        text, replaced = _FORBIDDEN.subn("\ufffd", value)
        sheet.characters_replaced += replaced
        return text
    if isinstance(value, date):
        if value >= FIRST_DAY:
            return datetime(value.year, value.month, value.day)
        sheet.days_as_text += 1
        return value.isoformat()
    return _number(value, sheet)


def _to_millisecond(moment: datetime) -> datetime:
    """What is left of a time as a fraction of days in a double."""
    return moment.replace(microsecond=0) + timedelta(milliseconds=round(moment.microsecond / 1000))


def _number(value: int | float | Decimal, sheet: Sheet) -> Cell:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if len(Decimal(value).normalize().as_tuple().digits) > DIGITS:
        sheet.numbers_as_text += 1
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return int(value) if value == int(value) else float(value)
