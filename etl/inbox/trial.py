"""What a file would load, without loading it: `warehouse inbox check`.

The file is loaded by the same code into a database in memory that knows the platforms and partnerships of the published
snapshot. Nothing is written into the home, and no lock is taken, so that it works beside a running refresh.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from etl.config import Settings
from etl.contracts import CONTRACTS, Contract
from etl.errors import FileError, MendError
from etl.files.csv import SHOWN
from etl.files.lines import examine
from etl.inbox.load import FileLoad, load_inbox
from etl.inbox.open import DRAFTS
from etl.profiles.apply import COMBINED
from etl.profiles.draft import draft
from etl.profiles.found import Head
from etl.profiles.profile import FOLDER
from etl.profiles.table import Delivered
from etl.warehouse import Connection, attached, count, memory
from etl.whole import write_whole

SHOWN_ROWS, SHOWN_FAULTS, SHOWN_TEXT, DRAFTED_ROWS = 10, 50, 200, 200
PERSONAL = {column.name for contract in CONTRACTS for column in contract.columns if column.personal}
AT_FAULT = "audit.quarantine where line is not null"  # without files that are refused whole


@dataclass(frozen=True)
class Fault:
    """A record that would go into quarantine: its line, the column and its value where one is at fault, the reason."""

    line: int | None
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Trial:
    """What would become of a file: the outcome, the first rows as they would load, the first records at fault.

    `names` are the columns of `rows`; `unshown` is how many more records are at fault. `draft` is the text of a
    profile for a file that nothing reads, else ''.
    """

    load: FileLoad
    names: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    faults: Sequence[Fault]
    unshown: int = 0
    told: Sequence[str] = ()
    draft: str = ""

    def shown(self) -> Iterator[str | Table]:
        """What a person reads of it, for rich: a sentence on each thing, and tables."""
        load = self.load
        told = load.reason.split("; ") if load.status != "refused" else [load.reason, *self.told]
        by = f"profile {load.profile}" if load.profile else "its own form"
        read = f", {load.contract or 'nothing to load'}, read by {by}" if load.status != "refused" else ""
        yield escape(f"{load.file}: {load.status}{read}")
        parts = {
            "load": load.rows_loaded,
            "go into quarantine": load.rows_quarantined,
            "are skipped": load.rows_skipped,
        }
        if load.rows_read:
            counted = ", ".join(f"{number:,} {what}" for what, number in parts.items() if number)
            yield f"{load.rows_read:,} rows: {counted}"
        yield from (escape(f"- {sentence}") for sentence in told if sentence)
        if self.rows:
            hashed = PERSONAL & set(self.names)
            by = f"; {' and '.join(sorted(hashed))} by a key that is thrown away" if hashed else ""
            yield _table(f"The first rows as they would load{by}", self.names, self.rows)
        if self.faults:
            faults = [(fault.line or "", fault.column, fault.value, fault.reason) for fault in self.faults]
            yield _table("At fault", ("line", "column", "value", "reason and fix"), faults)
        if self.unshown:
            yield f"{self.unshown:,} more rows are at fault; correct the kinds above and check again"


def save_draft(settings: Settings, name: str, text: str) -> Path:
    """Save a draft in the home's profiles; the path. Raises MendError for a name that is taken or none."""
    path = settings.home / "profiles" / f"{name}.yaml"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise MendError(f"{name!r} is no name of a profile; write small letters, digits and _")
    if any((folder / path.name).exists() for folder in settings.profile_folders):
        raise MendError(f"there is a profile {name} already; choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    return path


def _table(title: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Table:
    table = Table(*names, title=title, pad_edge=False, title_justify="left", header_style="bold")
    for row in rows:
        table.add_row(*(escape("" if value is None else str(value)) for value in row))
    return table


def trial(settings: Settings, path: Path, now: datetime, constants: Mapping[str, str]) -> Trial:
    """Load a file into a database in memory; `constants` are those of a folder without a profile.yaml.

    Raises MendError for a file that is not there, and without a published snapshot.
    """
    if not path.is_file():
        raise MendError(f"{path} is no file; name the one to check")
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        if (settings.home / "profiles").is_dir():
            (home / "profiles").symlink_to((settings.home / "profiles").resolve())
        inbox, file = _in_its_folder(settings, path.absolute(), home, constants)
        (home / "build").mkdir()
        trying = settings.model_copy(update={"home": home, "inbox": inbox})
        con = _knowing(settings)
        (load,) = shown = load_inbox(con, trying, now, [file], _quiet, is_archived=False)
        if "breaks its contract in" in load.reason:  # refused for its share of faults: they and the others are shown
            con = _knowing(settings)
            lenient = trying.model_copy(update={"bad_share": 1.0})
            shown = load_inbox(con, lenient, now, [file], _quiet, is_archived=False)
        contract = next((one for one in CONTRACTS if one.name == shown[0].contract), None)
        faults = list(_faults(con, _headers(con, file, home), is_profiled=bool(shown[0].profile or load.profile)))
        unshown = count(con, f"select count(*) from {AT_FAULT}") - len(faults)
        names, rows = _first_rows(con, contract) if contract else ((), [])
        text = _draft(con, file, home) if DRAFTS in load.reason else ""
    told = shown[0].reason.split("; ") if shown[0].reason != load.reason else ()
    return Trial(load, names, rows, faults, unshown, told, text)


def _in_its_folder(settings: Settings, path: Path, home: Path, constants: Mapping[str, str]) -> tuple[Path, Path]:
    """The inbox in which the file is read, and its place there: its own, or one with these constants."""
    if path.is_relative_to(settings.inbox.absolute()) and not constants:
        return settings.inbox, path
    if not constants:
        return path.parent, path
    inbox = home / "inbox"
    inbox.mkdir()
    (inbox / FOLDER).write_text(f"constants: {json.dumps(dict(constants), ensure_ascii=False)}\n", encoding="utf-8")
    (inbox / path.name).hardlink_to(path) if path.stat().st_dev == inbox.stat().st_dev else _copy(path, inbox)
    return inbox, inbox / path.name


def _copy(path: Path, folder: Path) -> None:
    (folder / path.name).write_bytes(path.read_bytes())


def _knowing(settings: Settings) -> Connection:
    """A database in memory with the tables of the snapshot that define words of the contracts."""
    if not settings.serving_db.exists():
        raise MendError(f"no published snapshot at {settings.serving_db}: run `make refresh` first")
    con = memory()
    places = {column.known_in for contract in CONTRACTS for column in contract.columns} - {""}
    with attached(con, settings.serving_db, "served"):
        for place in sorted(places):
            table, _, name = place.rpartition(".")
            con.execute(f"create table {table} as select distinct {name} from served.{table}")
    return con


def _first_rows(con: Connection, contract: Contract) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The first rows that were loaded, of the columns in which any has a value."""
    names = [column.name for column in contract.columns]
    filled = ", ".join(f"count_if(not list_contains(['', 'false'], {name}::varchar))" for name in names)
    (counts,) = con.execute(f"select {filled} from {contract.table}").fetchall()
    kept = tuple(name for name, number in zip(names, counts, strict=True) if number)
    if not kept:
        return (), []
    return kept, con.execute(f"select {', '.join(kept)} from {contract.table} limit {SHOWN_ROWS}").fetchall()


def _faults(con: Connection, headers: Sequence[Sequence[str]], *, is_profiled: bool) -> Iterator[Fault]:
    found = con.execute(
        "select line, coalesce(column_name, ''), coalesce(raw_text, ''), reason "
        f"from {AT_FAULT} order by line limit {SHOWN_FAULTS}"
    ).fetchall()
    known = {name for names in headers for name in names if name} | {c.name for one in CONTRACTS for c in one.columns}
    own = headers[0] if headers else ()
    for line, column, raw, reason in found:
        value = _shown_value(raw, column, known) if is_profiled else _value(raw, column, own)
        yield Fault(line, column, value, reason)


def _shown_value(raw: str, column: str, known: Collection[str]) -> str:
    """The text in that column of a record as a profile shows it, `name=text, other=text`; else the record.

    An empty cell is not shown: of a column that the file has, and that is not there, the text is empty.
    """
    found = re.search(rf"(?:^|, ){re.escape(column)}=", raw) if column else None
    if not found:
        is_whole = len(raw) < SHOWN
        return "" if column in known and is_whole else raw[:SHOWN_TEXT]
    if found.start() < raw.find(f", {COMBINED}"):  # at fault is what the records of a key make together
        return raw[:SHOWN_TEXT]
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    following = re.compile(rf", (?:{names})(?:\.[^=,]+)?=").search(raw, found.end())
    return raw[found.end() : following.start() if following else None]


def _value(raw: str, column: str, names: Sequence[str]) -> str:
    """The text in that column of a raw record, as far as it can be told; else the record."""
    if column in names and raw.startswith("{"):
        return str(json.loads(raw).get(column, "")) if raw.endswith("}") else raw
    if column in names:
        fields = next(csv.reader([raw]), [])
        return fields[names.index(column)] if len(fields) == len(names) else raw
    return raw[:SHOWN_TEXT]


def _heads(con: Connection, path: Path, home: Path) -> tuple[Delivered, list[Head]]:
    examined = examine(path)
    delivered = Delivered(con, path, examined.start, examined.lines, home)
    return delivered, [head for head in delivered.heads({}) if any(head.names)]


def _headers(con: Connection, path: Path, home: Path) -> list[tuple[str, ...]]:
    """The lines that may be the header of the file."""
    try:
        return [head.names for head in _heads(con, path, home)[1]]
    except FileError:
        return []


def _draft(con: Connection, path: Path, home: Path) -> str:
    """A profile for the file, whose header is taken to be the line with the most names; '' where there is none."""
    try:
        delivered, heads = _heads(con, path, home)
        head = max(heads, key=lambda one: len(set(one.names)), default=None)
        if head is None or len(head.names) < 2:
            return ""
        scan = delivered.table(head, _quiet).scan
    except FileError:
        return ""
    columns = ", ".join(f"coalesce(f{place}, '')" for place in range(len(head.names)))
    rows = con.execute(f"select {columns} from {scan} where broken is null limit {DRAFTED_ROWS}").fetchall()
    last = []  # where totals are
    if len(rows) == DRAFTED_ROWS:
        numbered = f"select *, row_number() over () as place, count(*) over () as rows from {scan}"
        last = con.execute(f"select {columns} from ({numbered}) where place > rows - {SHOWN_ROWS}").fetchall()
    return draft(path.name, head.names, [*rows, *last])


def _quiet(sentence: str) -> None:
    del sentence
