"""Reference figures: folders of CSV files that people keep by hand, each figure with its document.

data/reference is the reference set; a user's folder beside it holds any of the files and may define
platforms, metrics and documents of its own. What goes wrong: keys that nothing defines, values that are not
what the document prints, the same figure twice, spreadsheets that change dates, separators and encodings.

Reading is strict and loses nothing: every record of every file comes back either accepted or rejected with
a reason. A file that cannot be read, or has another header, is a MendError, never an empty result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from etl.errors import MendError
from etl.files.csv import CsvFile, CsvRecord, read_csv
from etl.reference.rows import FILES, Key, Place, Register, RowCheck
from etl.reference.tables import TABLES, Table


@dataclass(frozen=True)
class AcceptedRow:
    """An accepted row: fields as printed in the file, and what the strict reader concluded from them.

    `file` is the folder as the user named it and the file's name; `line` the physical line where the row
    starts (header = 1). `reading` of an observation has observation_id and rounding_half_width (plain
    decimal text, in the row's unit); else it is empty.
    """

    kind: str
    file: str
    line: int
    fields: dict[str, str]
    reading: dict[str, str]


@dataclass(frozen=True)
class Reject:
    """A row in quarantine: its physical text, the first column at fault (None: the whole row), the reason."""

    file: str
    line: int
    column: str | None
    raw_text: str
    reason: str


@dataclass(frozen=True)
class FileRead:
    """A file that was read: SHA-256 of its bytes (hexadecimal) and how many rows it holds."""

    file: str
    content_hash: str
    kind: str
    rows_read: int


@dataclass(frozen=True)
class Reading:
    """Everything that was read: per file, rows_read = its records + its rejects."""

    records: tuple[AcceptedRow, ...]
    rejects: tuple[Reject, ...]
    files: tuple[FileRead, ...]


def read(folders: Sequence[Path], root: Path) -> Reading:
    """Rows of all folders, in the order named; relative ones are taken from `root`, a repeated one once.

    Raises MendError for a missing folder, one without any of the files, a file whose name is almost
    one of theirs, a file that cannot be read and a wrong header.
    """
    found = list(_files(folders, root))
    register = Register()
    records: list[AcceptedRow] = []
    rejects: list[Reject] = []
    files: list[FileRead] = []
    for table in TABLES:
        for folder, shown, file in ((f, s, c) for f, s, kind, c in found if kind == table.kind):
            rows = [_row(record, folder, shown, table, register) for record in file.records]
            accepted = [row for row in rows if isinstance(row, AcceptedRow)]
            rejected = [row for row in rows if isinstance(row, Reject)]
            if len(accepted) + len(rejected) != len(file.records):
                raise AssertionError(f"{shown}: rows were lost")
            records += accepted
            rejects += rejected
            files.append(FileRead(shown, file.content_hash, table.kind, len(file.records)))
    return Reading(tuple(records), tuple(rejects), tuple(files))


def _files(folders: Sequence[Path], root: Path) -> Iterator[tuple[int, str, str, CsvFile]]:
    """Yield folder number, name as shown, kind and content of every reference file in the folders."""
    expected = f"expected a folder with one or more of {', '.join(FILES.values())}"
    if not folders:
        raise MendError(f"WAREHOUSE_FIGURES: found no folder; {expected}; fix: name data/reference")
    seen: set[Path] = set()
    for number, folder in enumerate(folders):
        path = (root / folder).resolve()
        if path in seen:
            continue
        seen.add(path)
        try:
            names = sorted(entry.name for entry in path.iterdir())
        except OSError as error:
            fix = "create the folder or correct WAREHOUSE_FIGURES"
            raise MendError(f"{folder}: found {error.strerror}; {expected}; fix: {fix}") from error
        for name in names:
            if name not in FILES.values() and (meant := _meant(name)):
                fix = f"rename it to {meant}, or move it away"
                raise MendError(f"{folder}: found {name}; {expected}; fix: {fix}")
        tables = [table for table in TABLES if FILES[table.kind] in names]
        if not tables:
            fix = "put the files there or correct WAREHOUSE_FIGURES"
            raise MendError(f"{folder}: found none of the files; {expected}; fix: {fix}")
        for table in tables:
            file = FILES[table.kind]
            shown = (folder / file).as_posix()
            yield number, shown, table.kind, read_csv(path / file, shown, table.required, table.optional)


def _meant(name: str) -> str:
    """Find the file that "observation.csv" or "Documents (1).csv" stands for; '' for an unrelated name."""
    stem, _, suffix = name.lower().rpartition(".")
    for kind, file in FILES.items():
        plural = file.removesuffix(".csv")
        if suffix == "csv" and (stem.startswith(plural) or get_close_matches(stem, (kind, plural), cutoff=0.85)):
            return file
    return ""


def _row(record: CsvRecord, folder: int, file: str, table: Table, register: Register) -> AcceptedRow | Reject:
    """Accept a row, or reject it with everything that is wrong with it; either way note its keys."""
    place = Place(folder, file, record.line, record.fields)
    row = RowCheck(record.fields, register, folder)
    if record.fault:
        row.say("", record.fault)
    else:
        table.check(row)
    keys = _keys(row, table)
    if not record.fault:
        _duplicates(row, table, keys)
    if row.problems:
        reason = "; ".join(f"{column} {said}".strip() for column, said in row.problems)
        for ledger, key in keys.items():
            register.refuse(ledger, key, place, reason)
        return Reject(file, record.line, row.problems[0][0] or None, record.raw_text, reason)
    for ledger, key in keys.items():
        register.accept(ledger, key, place)
    return AcceptedRow(table.kind, file, record.line, record.fields, row.reading)


def _keys(row: RowCheck, table: Table) -> dict[str, Key]:
    """Find the row's keys by ledger: its kind for the key that others refer to, else kind and column."""
    first, *further = table.keys
    ledgers = {table.kind: first, **{f"{table.kind}.{columns[0]}": columns for columns in further}}
    return {
        ledger: tuple(row.reading.get(column) or row.text(column) for column in columns)
        for ledger, columns in ledgers.items()
    }


def _duplicates(row: RowCheck, table: Table, keys: dict[str, Key]) -> None:
    """Note if an earlier row has one of the row's keys, and where it stands."""
    for (ledger, key), columns in zip(keys.items(), table.keys, strict=True):
        first = row.register.first(ledger, key)
        if first and first.repeats(Place(row.folder, "", 0, row.fields)):
            row.say("", f"repeats {first} word for word; delete this row")
            return
        if first and len(columns) == 1:
            row.say(columns[0], f"{key[0]!r} stands in {first} already; give this row another or delete one")
        elif first:
            row.say("", f"has the same {', '.join(columns)} as {first}; delete one, or say what differs")
