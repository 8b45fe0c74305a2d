"""XLSX workbooks: the only filled sheet, its first row the header, every value as text.

The workbook is read as values, and where it has formulas as those too, since a formula that was never calculated looks
like an empty cell.
What goes wrong: several filled sheets, cells beyond the header, error values (#N/A), merged cells, of which only the
first has a value, numbers with the noise of binary arithmetic, archives that are damaged or unpack to gigabytes.
Everything is in memory: only small files are delivered this way.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
from openpyxl.utils import range_boundaries  # type: ignore[import-untyped]

from etl.errors import FileError
from etl.files.csv import NUL, Record, shown
from etl.files.sheet import PlainSheet, read_plain

LARGEST_BOOK = 256 << 20  # bytes when unpacked
LARGEST_PLAIN = 64 << 20  # of a larger one the fast reader would hold too much in memory
DIGITS = 15  # that Excel shows and keeps of a number
PLACES = 4  # after the point of an amount
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([A-Z]+[0-9]+:[A-Z]+[0-9]+)["']""")


def read_sheet(path: Path, largest: int) -> tuple[tuple[str, ...], Iterator[Record]]:
    """The header of the sheet and the records after it; `line` is the row of the sheet.

    Raises FileError for a damaged workbook, and for one that unpacks to more than `largest` bytes.
    """
    rows = read_rows(path, largest)
    names = next(rows, Record(1, "", [])).fields
    while names and not names[-1]:
        names.pop()
    return tuple(names), (fitted(row, len(names)) for row in rows)


def fitted(row: Record, width: int) -> Record:
    """The row with as many fields as the header has."""
    if len(row.fields) == width:
        return row
    fault = row.fault or ("has cells beyond the header; name their column" if any(row.fields[width:]) else "")
    return row._replace(fields=[*row.fields, *[""] * width][:width], fault=fault)


def read_rows(path: Path, largest: int) -> Iterator[Record]:
    """All rows of the sheet that are not empty. Raises FileError as read_sheet does."""
    content = path.read_bytes()  # the library takes no path that ends otherwise than in .xlsx
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            _check_archive(archive, largest)
            parts = {name: archive.read(name) for name in archive.namelist()}
        plain = read_plain(parts, _text, number) if sum(map(len, parts.values())) <= LARGEST_PLAIN else None
        yield from _plain_rows(plain) if plain else _all_rows(content, parts)
    except FileError:
        raise
    except Exception as error:  # the library raises whatever a damaged archive makes of it
        raise FileError(f"is a damaged workbook ({str(error)[:100]}); save it again as XLSX") from error


def _plain_rows(sheet: PlainSheet) -> Iterator[Record]:
    merged = _merged_cells(sheet.rest)
    for line, fields in sheet.rows:
        if any(fields):
            yield Record(line, shown("\t".join(fields)), fields, _merged_fault(merged.get(line, "")))


def _all_rows(content: bytes, parts: Mapping[str, bytes]) -> Iterator[Record]:
    """Every row as openpyxl reads it, with the formulas where there may be some."""
    ways = (True, False) if _has_formulas(parts.values()) else (True,)
    books = [openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=only) for only in ways]
    filled = [sheet.title for sheet in books[-1].worksheets if _is_filled(sheet)]
    if len(filled) > 1:
        raise FileError("has several filled sheets; deliver one")
    sheets = [book[title] for title in filled for book in books]
    merged = _merged_cells(parts[sheets[0]._worksheet_path.lstrip("/")]) if sheets else {}
    for sheet in sheets:
        sheet.reset_dimensions()
    for line, cells in enumerate(zip_longest(*(sheet.iter_rows() for sheet in sheets), fillvalue=()), 1):
        values, formulas = cells[0], cells[-1]
        fields = [_text(cell) for cell in values]
        text = "\t".join(fields)
        fault = _fault(values, formulas, fields, merged.get(line, ""))
        if any(fields) or fault:
            yield Record(line, shown(text), fields, fault or (NUL if "\0" in text else ""))


def _check_archive(archive: zipfile.ZipFile, largest: int) -> None:
    """Raise FileError for an archive that is no workbook of this kind, or too large."""
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        raise FileError("is a binary Excel workbook (.xlsb); save it as .xlsx or CSV")
    if "mimetype" in names and "content.xml" in names:
        raise FileError("is an OpenDocument file (.ods); save it as .xlsx or CSV")
    if not any(name.startswith("xl/") for name in names) and "[Content_Types].xml" not in names:
        raise FileError("is a zip archive and no workbook; deliver the files that are in it")
    if sum(member.file_size for member in archive.infolist()) > min(LARGEST_BOOK, largest):
        raise FileError("is a workbook that unpacks to too much; deliver it as CSV")


def _has_formulas(parts: Iterable[bytes]) -> bool:
    """Whether a sheet may have a formula: a part has the tag, or is no text in ASCII letters."""
    return any(b"\0" in content[:100] or _FORMULA.search(content) for content in parts)


def _is_filled(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(cell.value is not None for row in sheet.iter_rows() for cell in row)


def _merged_cells(content: bytes) -> dict[int, str]:
    """By row of the sheet, a range of merged cells of which the row has a cell without the value."""
    found: dict[int, str] = {}
    for match in _MERGED.findall(content):
        area = match.decode()
        left, first, right, last = range_boundaries(area)
        found |= dict.fromkeys(range(first + (left == right), last + 1), area)
    return found


def _fault(values: tuple[Any, ...], formulas: tuple[Any, ...], fields: list[str], merged: str) -> str:
    """What is wrong with a row as a whole, and what to do; empty when it is sound."""
    if any(cell.data_type == "f" and not any(fields[place : place + 1]) for place, cell in enumerate(formulas)):
        return "has a formula without a value; save the sheet as values"
    if error := next((cell for cell in values if cell.data_type == "e"), None):
        return f"has the error {error.value} in cell {error.coordinate}; correct the formula, or leave the cell empty"
    return _merged_fault(merged) if any(fields) else ""


def _merged_fault(area: str) -> str:
    return area and f"has a part of the merged cells {area}, which have one value; unmerge them and fill in each row"


def _text(cell: Any) -> str:
    """The value of a cell as text; an empty one is ''. A day has no time where its format shows none."""
    value = cell.value
    if isinstance(value, datetime):
        is_day = value == datetime.combine(value, datetime.min.time()) and "h" not in str(cell.number_format).lower()
        return value.date().isoformat() if is_day else str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number(value)
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def number(value: float) -> str:
    """A number as its sheet shows it: with at most fifteen significant digits, and no point behind a whole one.

    What is left of a sum of hundreds within those digits is taken away too, where four digits after the point are the
    number but for that. A whole number with more digits was rounded by the spreadsheet; it is written in scientific
    form, which no identifier has.
    """
    if abs(value) >= 10**DIGITS:
        return f"{value:.{DIGITS - 1}E}"
    text = repr(value)
    whole, point, rest = text.partition(".")
    if value and point and len(rest) <= PLACES and len(text) <= DIGITS and "e" not in text:
        return whole if rest == "0" else text
    near = round(value, PLACES)
    value = near if abs(near - value) <= abs(value) * 2**-44 else value
    return f"{Decimal(f'{value:.{DIGITS}g}'):f}" if value else "0"
