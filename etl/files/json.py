"""NDJSON: one JSON object a line, every value as the text that is written there.

Source: exports of databases and event streams. What goes wrong: numbers that a reader turns into floats
(here they never are), a field named twice in one object, half a surrogate pair, a file that breaks off.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from etl.errors import FileError
from etl.files.csv import BYTE_ORDER_MARK, NUL, Record, decode, physical_lines, shown

MOST_COLUMNS = 500
LARGEST = 256 << 20  # bytes of a document, which is read whole


class _Object(list[tuple[str, Any]]):
    """An object of JSON as pairs, so that a repeated name is noticed."""


def read_records(path: Path, columns: list[str]) -> Iterator[Record]:
    """The records of a file; a field that no record before had is added to `columns`.

    A record has the fields of the columns that are known by then. Raises FileError for too many columns, and for a
    file that begins with an object over several lines.
    """
    known = set(columns)
    with path.open("rb") as file:
        for number, line in enumerate(physical_lines(file), 1):
            if not line.strip():
                continue
            row, fault = _read_object(line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line)
            if fault and not known and line.rstrip().endswith((b"{", b",", b"[")):
                raise FileError("has a JSON object over several lines; write one object a line")
            if new := [name for name in row if name not in known]:
                columns += new
                known.update(new)
                if len(columns) > MOST_COLUMNS:
                    raise FileError(f"has more than {MOST_COLUMNS} fields; deliver the contract's columns")
            is_cut = fault.startswith("is no JSON") and not line.endswith((b"\n", b"\r"))
            yield Record(number, shown(line), [row.get(name, "") for name in columns], fault, is_cut)


def names_of(path: Path, at: str) -> list[str]:
    """The fields of the records in a JSON document, in a list at this path of it ('' is the document); else none."""
    names: list[str] = []
    for _ in read_document(path, names, at):
        pass
    return names


def read_document(path: Path, columns: list[str], at: str) -> Iterator[Record]:
    """The records of one JSON document, of the list at a path such as `data.orders`; `line` is the number in the list.

    Fields are added to `columns` as read_records does. A document without such a list has none. Raises FileError
    for text that is no JSON document, and for one of more than LARGEST bytes.
    """
    known = set(columns)
    for number, item in enumerate(_list_at(path, at), 1):
        row = {name: _text(value) for name, value in item} if isinstance(item, _Object) else {}
        columns += [name for name in row if name not in known]
        known.update(row)
        fault = "" if isinstance(item, _Object) else "is no object"
        fault = fault or ("has a field twice; keep one" if len(row) < len(item) else "")
        raw = json.dumps(_plain(item), ensure_ascii=False)
        yield Record(number, shown(raw), [row.get(name, "") for name in columns], fault)


def _list_at(path: Path, at: str) -> list[Any]:
    if path.stat().st_size > LARGEST:
        raise FileError(f"is a JSON document of more than {LARGEST:,} bytes; deliver one object a line")
    try:
        text = path.read_bytes().removeprefix(BYTE_ORDER_MARK).decode()
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=_reject, object_pairs_hook=_Object)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise FileError(f"is no whole JSON document ({str(error)[:100]}); deliver it again") from error
    for name in filter(None, at.strip(".").split(".")):
        found = dict(found).get(name) if isinstance(found, _Object) else None
    return found if isinstance(found, list) and not isinstance(found, _Object) else []


def _read_object(line: bytes) -> tuple[dict[str, str], str]:
    """The fields of a line as text, and its fault; a faulty one has none."""
    text, fault = decode(line)
    if fault:
        return {}, fault
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=_reject, object_pairs_hook=_Object)
        if not isinstance(found, _Object):
            raise ValueError("a value and no object")
        row = {name: _text(value) for name, value in found}
        "".join(part for pair in row.items() for part in pair).encode()
    except UnicodeEncodeError:
        return {}, "holds half a character (a lone surrogate); retype the text"
    except (ValueError, RecursionError) as error:
        return {}, f"is no JSON object ({str(error)[:100]}); write one object a line"
    if len(row) < len(found):
        return {}, "has a field twice; keep one"
    return ({}, NUL) if any("\0" in part for pair in row.items() for part in pair) else (row, "")


def _reject(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _text(value: Any) -> str:
    """A value as text; null is ''."""
    if value is None or isinstance(value, str):
        return value or ""
    return str(value).lower() if isinstance(value, bool) else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, _Object):
        return {name: _plain(item) for name, item in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value
