"""NDJSON and XLSX record by record, every value as the text that stands there.

Numbers of JSON are never made floats. A workbook is read as values and as formulas, for a formula that was
never worked out looks like an empty cell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]

from etl.files.records import (
    NUL,
    FileError,
    Record,
    decoded,
    physical_lines,
    shown,
)

MOST_COLUMNS = 500


class _Object(list[tuple[str, Any]]):
    """An object of JSON as pairs, so that a name that stands twice is seen."""


def json_header(path: Path) -> tuple[str, ...]:
    """The names of all fields of an NDJSON file, in the order of their first use. Raises FileError."""
    names: dict[str, None] = {}
    for _, _, row, _ in _json_rows(path):
        names.update(dict.fromkeys(row))
        if len(names) > MOST_COLUMNS:
            raise FileError(f"has more than {MOST_COLUMNS} fields; deliver the contract's columns")
    return tuple(names)


def json_records(path: Path, header: tuple[str, ...]) -> Iterator[Record]:
    """Records of an NDJSON file: one object a line, numbers as they are written."""
    for number, line, row, fault in _json_rows(path):
        yield Record(number, shown(line), [] if fault else [row.get(name) for name in header], fault)


def _json_rows(path: Path) -> Iterator[tuple[int, bytes, dict[str, str | None], str]]:
    with path.open("rb") as file:
        for number, line in enumerate(physical_lines(file), 1):
            if line.strip():
                row, fault = _json_row(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
                if fault.startswith("is no JSON") and not line.endswith((b"\n", b"\r")):
                    raise FileError(f"is cut short: its last line, {number}, breaks off; deliver it again, whole")
                yield number, line, row, fault


def _json_row(line: bytes) -> tuple[dict[str, str | None], str]:
    text, fault = decoded(line)
    if fault:
        return {}, fault
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_number, object_pairs_hook=_Object)
        if not isinstance(found, _Object):
            raise ValueError("a value and no object")
        row = {name: _json_text(value) for name, value in found}
        "".join(value for pair in row.items() for value in pair if value).encode()
    except UnicodeEncodeError:
        return {}, "holds half a character (a lone surrogate); retype the text"
    except (ValueError, RecursionError) as error:
        return {}, f"is no JSON object ({str(error)[:100]}); write one object a line"
    if len(row) < len(found):
        fault = "has a field twice; keep one"
    elif any("\0" in text for pair in row.items() for text in pair if text):
        fault = NUL
    return ({}, fault) if fault else (row, "")


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return str(value).lower() if isinstance(value, bool) else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, _Object):
        return {name: _plain(item) for name, item in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def sheet_header(path: Path) -> tuple[str, ...]:
    """The first row of the only filled sheet. Raises FileError."""
    record = next(_sheet_rows(path), None)
    names = [name or "" for name in record.fields] if record else []
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def sheet_records(path: Path, width: int) -> Iterator[Record]:
    """Records of the sheet after its header; `line` is the row of the sheet. Raises FileError."""
    rows = _sheet_rows(path)
    next(rows, None)
    for record in rows:
        fields = record.fields
        fault = record.fault or ("has cells beyond the header; name their column" if any(fields[width:]) else "")
        padded = [*fields[:width], *[None] * (width - len(fields))]
        yield Record(record.line, record.raw, [] if fault else padded, fault)


def _sheet_rows(path: Path) -> Iterator[Record]:
    """All rows that are not empty, read twice: as values, and as formulas to notice those without a value."""
    try:
        saved = path.read_bytes()  # the library takes no path that ends otherwise than in .xlsx
        books = [openpyxl.load_workbook(BytesIO(saved), read_only=True, data_only=only) for only in (True, False)]
        sheets = [[sheet for sheet in book.worksheets if _is_filled(sheet)] for book in books]
        if len(sheets[1]) > 1:
            raise FileError("has several filled sheets; deliver one")
        pair = [found[0] for found in (sheets[1], [books[0][s.title] for s in sheets[1]]) if found]
        for sheet in pair:
            sheet.reset_dimensions()
        rows = zip_longest(*(sheet.iter_rows() for sheet in reversed(pair)), fillvalue=())
        for number, both in enumerate(rows, 1):
            values, formulas = both
            fields = [_cell_text(cell.value) for cell in values]
            unknown = any(
                cell.data_type == "f" and (place >= len(fields) or fields[place] is None)
                for place, cell in enumerate(formulas)
            )
            if any(fields) or unknown:
                fault = "has a formula without a value; save the sheet as values" if unknown else ""
                text = "\t".join(field or "" for field in fields)
                yield Record(number, shown(text), fields, fault or (NUL if "\0" in text else ""))
    except FileError:
        raise
    except Exception as error:  # the library raises whatever a damaged archive makes of it
        raise FileError(f"is a damaged workbook ({str(error)[:100]}); save it again as XLSX") from error


def _is_filled(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(cell.value is not None for row in sheet.iter_rows() for cell in row)


def _cell_text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.date().isoformat() if value == datetime.combine(value, datetime.min.time()) else str(value)
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None or value == "" else value.isoformat() if isinstance(value, date) else str(value)
