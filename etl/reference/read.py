"""Reference figures: folders of CSV files that people keep by hand, each figure with its document.

data/reference is the reference set; a user's folder beside it holds any of the files and may define
platforms, metrics and documents of its own. What goes wrong: keys that nothing defines, values that are not
what the document prints, the same figure twice, spreadsheets that change dates, separators and encodings.

Reading is strict and loses nothing: every record of every file comes back either accepted or rejected with
a reason. A file that cannot be read, or has another header, is a MendError, never an empty result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from etl.errors import MendError
from etl.files.csv import CsvFile, Record, read_csv
from etl.reference.tables import FILES, TABLES, Key, Place, Register, RowCheck, Table


@dataclass(frozen=True)
class AcceptedRow:
    """An accepted row: fields as printed in the file, and what the strict reader concluded from them.

    `file` is the folder as the user named it and the file's name, `content_hash` the SHA-256 of its bytes
    (hexadecimal), `line` the physical line where the row starts (header = 1). `reading` of an observation has
    observation_id and rounding_half_width (plain decimal text, in the row's unit); else it is empty.
    """

    kind: str
    file: str
    content_hash: str
    line: int
    fields: Mapping[str, str]
    reading: dict[str, str]


@dataclass(frozen=True)
class Reject:
    """A row to be quarantined: its physical text, the first column at fault (None: the whole row), the reason."""

    file: str
    content_hash: str
    line: int
    column_name: str | None
    raw_text: str
    reason: str


@dataclass(frozen=True)
class FileRead:
    """A file that was read: SHA-256 of its bytes (hexadecimal) and how many rows it holds."""

    file: str
    content_hash: str
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
    register = Register()
    records: list[AcceptedRow] = []
    rejects: list[Reject] = []
    files: list[FileRead] = []
    for folder, shown, table, file in sorted(_files(folders, root), key=lambda found: TABLES.index(found[2])):
        origin = shown, file.content_hash
        for record in file.records:
            place = Place(folder, shown, record.line, dict(zip(file.columns, record.fields, strict=False)))
            row = _checked(record, place, table, register)
            if row.problems:
                rejects.append(Reject(*origin, record.line, row.problems[0][0] or None, record.raw, row.reason))
            else:
                records.append(AcceptedRow(table.kind, *origin, record.line, row.fields, row.reading))
        files.append(FileRead(*origin, len(file.records)))
    if len(records) + len(rejects) != sum(file.rows_read for file in files):
        raise AssertionError("rows were lost")
    return Reading(tuple(records), tuple(rejects), tuple(files))


def _files(folders: Sequence[Path], root: Path) -> Iterator[tuple[int, str, Table, CsvFile]]:
    """Number of the folder, name as shown, table and content of every reference file in the folders."""
    expected = f"expected a folder with one or more of {', '.join(FILES.values())}"
    if not folders:
        raise MendError(f"WAREHOUSE_FIGURES: found no folder; {expected}; fix: name data/reference")
    named: dict[Path, Path] = {}
    for folder in folders:
        named.setdefault((root / folder).resolve(), folder)
    for number, (path, folder) in enumerate(named.items()):
        try:
            names = sorted(entry.name for entry in path.iterdir())
        except OSError as error:
            fix = "create the folder or correct WAREHOUSE_FIGURES"
            raise MendError(f"{folder}: found {error.strerror}; {expected}; fix: {fix}") from error
        for name in names:
            if name not in FILES.values() and (meant := _meant(name)):
                fix = f"rename it to {meant}, or move it away"
                raise MendError(f"{folder}: found {name}; {expected}; fix: {fix}")
        tables = [table for table in TABLES if table.file in names]
        if not tables:
            fix = "put the files there or correct WAREHOUSE_FIGURES"
            raise MendError(f"{folder}: found none of the files; {expected}; fix: {fix}")
        for table in tables:
            shown = (folder / table.file).as_posix()
            yield number, shown, table, read_csv(path / table.file, shown, table.required, table.optional)


def _meant(name: str) -> str:
    """Find the file that "observation.csv" or "Documents (1).csv" is meant to be; '' for an unrelated name."""
    stem, _, suffix = name.lower().rpartition(".")
    for kind, file in FILES.items():
        plural = file.removesuffix(".csv")
        if suffix == "csv" and (stem.startswith(plural) or get_close_matches(stem, (kind, plural), cutoff=0.85)):
            return file
    return ""


def _checked(record: Record, place: Place, table: Table, register: Register) -> RowCheck:
    """The row with everything that is wrong with it; either way its keys are registered."""
    row = RowCheck(place.fields, register, place.folder)
    if record.fault:
        row.note("", record.fault)
    else:
        row.require_values()
        table.check(row)
    # By kind for the key that others refer to, by kind and column for further ones.
    kinds = [table.kind, *(f"{table.kind}.{columns[0]}" for columns in table.keys[1:])]
    keys = [tuple(row.reading.get(name) or row.text(name) for name in columns) for columns in table.keys]
    if not record.fault:
        _note_duplicates(row, place, table, zip(kinds, keys, strict=True))
    for kind, key in zip(kinds, keys, strict=True):
        if row.problems:
            register.refuse(kind, key, place, row.reason)
        else:
            register.accept(kind, key, place)
    return row


def _note_duplicates(row: RowCheck, place: Place, table: Table, keys: Iterable[tuple[str, Key]]) -> None:
    """Note if an earlier row has one of the row's keys, and where it is."""
    for (kind, key), columns in zip(keys, table.keys, strict=True):
        first = row.register.first(kind, key)
        if first and first.repeats(place):
            row.note("", f"repeats {first} word for word; delete this row")
            return
        if first and len(columns) == 1:
            row.note(columns[0], f"{key[0]!r} stands in {first} already; give this row another or delete one")
        elif first:
            row.note("", f"has the same {', '.join(columns)} as {first}; delete one, or say what differs")
