"""XLSX workbooks: the only filled sheet, its first row the header, every value as text.

The workbook is read as values and as formulas, since a formula that was never calculated looks like an empty cell.
What goes wrong: several filled sheets, cells beyond the header, archives that are damaged or unpack to
gigabytes. Everything is in memory: only small files are delivered this way.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]

from etl.errors import FileError
from etl.files.csv import NUL, Record, shown

LARGEST_BOOK = 256 << 20  # bytes when unpacked


def read_sheet(path: Path, largest: int) -> tuple[tuple[str, ...], Iterator[Record]]:
    """The header of the sheet and the records after it; `line` is the row of the sheet.

    Raises FileError for a damaged workbook, and for one that unpacks to more than `largest` bytes.
    """
    rows = _rows(path, largest)
    names = next(rows, Record(1, "", [])).fields
    while names and not names[-1]:
        names.pop()
    return tuple(names), (_fitted(row, len(names)) for row in rows)


def _fitted(row: Record, width: int) -> Record:
    """The row with as many fields as the header has."""
    fault = row.fault or ("has cells beyond the header; name their column" if any(row.fields[width:]) else "")
    return row._replace(fields=[*row.fields, *[""] * width][:width], fault=fault)


def _rows(path: Path, largest: int) -> Iterator[Record]:
    """All rows that are not empty."""
    content = path.read_bytes()  # the library takes no path that ends otherwise than in .xlsx
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > min(LARGEST_BOOK, largest):
                raise FileError("is a workbook that unpacks to too much; deliver it as CSV")
        books = [openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=only) for only in (True, False)]
        filled = [sheet.title for sheet in books[1].worksheets if _is_filled(sheet)]
        if len(filled) > 1:
            raise FileError("has several filled sheets; deliver one")
        sheets = [book[title] for title in filled for book in books]
        for sheet in sheets:
            sheet.reset_dimensions()
        for number, cells in enumerate(zip_longest(*(sheet.iter_rows() for sheet in sheets), fillvalue=()), 1):
            values, formulas = cells
            fields = [_text(cell.value) for cell in values]
            text = "\t".join(fields)
            is_unknown = any(
                cell.data_type == "f" and not any(fields[place : place + 1]) for place, cell in enumerate(formulas)
            )
            if any(fields) or is_unknown:
                fault = "has a formula without a value; save the sheet as values" if is_unknown else ""
                yield Record(number, shown(text), fields, fault or (NUL if "\0" in text else ""))
    except FileError:
        raise
    except Exception as error:  # the library raises whatever a damaged archive makes of it
        raise FileError(f"is a damaged workbook ({str(error)[:100]}); save it again as XLSX") from error


def _is_filled(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(cell.value is not None for row in sheet.iter_rows() for cell in row)


def _text(value: Any) -> str:
    """A value as text; an empty cell is ''."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value == datetime.combine(value, datetime.min.time()) else str(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
