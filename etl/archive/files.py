"""The archive of deliveries: what each one changed, in files that can be loaded again on an empty home.

    archive/000000/000000017~<SHA-256 of the delivered file>~<16 digits of its own SHA-256>.parquet

A file (Parquet, zstd) holds the rows of one delivery as they were loaded, its rows at fault in the column `aside`, and
in its metadata what the ledger says of it. Refusals and dismissals are files without rows. The number counts on from
one: it is the order in which they are loaded again, whatever the clock says. raw.archived has the last number, set in
the transaction that loads the delivery; the file is on the disk before that commits, so that one whose number is
greater is loaded from here and not from the inbox (etl.archive.replay). Identifiers of persons are keyed hashes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from etl.config import Settings, make_private
from etl.errors import MendError
from etl.warehouse import Connection, literal, sql_path
from etl.whole import make_folder, place, sync

ASIDE = "struct(line bigint, column_name varchar, raw_text varchar, reason varchar)"
FORM = 1
PER_FOLDER = 1000
DIGITS = 16  # of a file's own SHA-256, in its name
_NAME = re.compile(r"(?P<number>\d{9,})~(?P<content>\w+)~(?P<own>[0-9a-f]{16})\.parquet")
_PART = ".delivery.part"


class ArchivedFile(NamedTuple):
    """A file of the archive: its number, the SHA-256 of the delivered file (a word where there was none), its path."""

    number: int
    content: str
    own: str
    path: Path


@dataclass(frozen=True)
class Prepared:
    """A file of the archive that is written and has no name yet."""

    number: int
    content: str
    part: Path


def folder_of_number(settings: Settings, number: int) -> Path:
    """The folder of a number."""
    return settings.archive_dir / f"{number // PER_FOLDER:06d}"


def archived_files(settings: Settings, after: int = 0) -> Iterator[ArchivedFile]:
    """The files with a greater number than `after`, in order; the folders before are not read.

    Where a rewriting was interrupted, two files have one number: the newer one is given.
    """
    first = f"{(after + 1) // PER_FOLDER:06d}"
    folders = settings.archive_dir.glob("[0-9]*")
    for folder in sorted(folder for folder in folders if folder.name >= first):
        found: dict[int, ArchivedFile] = {}
        for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
            if (name := _NAME.fullmatch(path.name)) and int(name["number"]) > after:
                number = int(name["number"])
                found[number] = ArchivedFile(number, name["content"], name["own"], path)
        yield from (found[number] for number in sorted(found))


def last_number(con: Connection) -> int:
    """The number of the last file of the archive whose content the open database has."""
    rows = con.execute("select max(number) from raw.archived").fetchall()
    return int(rows[0][0] or 0)


def set_number(con: Connection, number: int) -> None:
    """Note that the open database has the content of this file; in the caller's transaction."""
    if con.execute("select 1 from raw.archived").fetchall():
        con.execute("update raw.archived set number = ?", [number])
    else:
        con.execute("insert into raw.archived (number) values (?)", [number])


def prepare(con: Connection, settings: Settings, facts: Mapping[str, Any], rows: str = "") -> Prepared:
    """Write a file of the archive that has no name yet: `facts`, and the rows of a query.

    It becomes part of the archive by enter(). Raises MendError where there is no room for it.
    """
    number = last_number(con) + 1
    folder = folder_of_number(settings, number)
    make_private(settings, settings.archive_dir)
    make_folder(folder)
    part = folder / _PART
    _write(con, part, facts, rows or f"select null::{ASIDE} as aside where false")
    return Prepared(number, str(facts.get("content_hash") or facts["kind"]), part)


def enter(con: Connection, prepared: Prepared) -> None:
    """Give a prepared file its name, on the disk, and note its number; in the transaction that loads its rows."""
    _name(prepared.part, prepared.number, prepared.content)
    set_number(con, prepared.number)


def keep(con: Connection, settings: Settings, facts: Mapping[str, Any], rows: str = "") -> None:
    """Write a file of the archive at once; in the transaction that does what it says."""
    enter(con, prepare(con, settings, facts, rows))


def read_facts(con: Connection, file: ArchivedFile) -> dict[str, Any]:
    """What a file says of its delivery. Raises MendError where it is not the file that was written."""
    with file.path.open("rb") as content:
        own = hashlib.file_digest(content, "sha256").hexdigest()
    if own[:DIGITS] != file.own:
        raise MendError(f"{file.path} is damaged: its content is not the one that it was written with")
    facts = facts_of(con, file.path)
    if facts.pop("form", None) != FORM:
        raise unknown(file, "another form")
    return facts


def unknown(file: ArchivedFile, what: str) -> MendError:
    """The error of a file that this version cannot load: it is not skipped, and nothing after it is loaded."""
    return MendError(f"{file.path} was written by another version of the warehouse ({what}): go on with that version")


def facts_of(con: Connection, path: Path) -> dict[str, Any]:
    """What a file says of its delivery, without a look at its hash: kind, `at` (when it was loaded, UTC) and more."""
    found = con.execute(
        f"select decode(value) from parquet_kv_metadata({sql_path(path)}) where decode(key) = 'delivery'"
    ).fetchall()
    facts: dict[str, Any] = json.loads(found[0][0])
    return facts


def columns_of(con: Connection, file: ArchivedFile) -> dict[str, str]:
    """The columns of a file with their types, `aside` among them."""
    return {row[0]: row[1] for row in con.execute(f"describe from {rows_of(file)}").fetchall()}


def rows_of(file: ArchivedFile) -> str:
    """The rows of a file, as a table of SQL; those at fault have `aside` and nothing else."""
    return (
        f"read_parquet({sql_path(file.path)}, hive_partitioning = false, hive_types_autocast = false, "
        "union_by_name = false, filename = false, binary_as_string = false, file_row_number = false)"
    )


def rewrite(con: Connection, file: ArchivedFile, columns: Mapping[str, str], *, where: str = "true") -> ArchivedFile:
    """Write a file anew without some values, in the place of the old one: what erasing a buyer needs.

    `columns` has SQL by column (`{"buyer_id_hash": "if(buyer_id_hash = '...', null, buyer_id_hash)"}`), `where` the
    rows that stay. Number, order and facts are as before. After a kill in between both files are there, the new one
    counts (archived_files), and the same call on the old one ends it: look through all_files for what is left.
    """
    facts = facts_of(con, file.path)
    replaced = ", ".join(f"{sql} as {name}" for name, sql in columns.items())
    part = file.path.with_name(_PART)
    star = f"* replace ({replaced})" if replaced else "*"
    _write(con, part, facts, f"select {star} from {rows_of(file)} where {where}")
    path = _name(part, file.number, file.content)
    if path != file.path:
        file.path.unlink()
        sync(file.path.parent)
    return ArchivedFile(file.number, file.content, path.stem.rpartition("~")[2], path)


def all_files(settings: Settings) -> Iterator[ArchivedFile]:
    """Every file of the archive, also older ones of a number whose rewriting was interrupted."""
    for path in sorted(settings.archive_dir.glob("*/*.parquet")):
        if name := _NAME.fullmatch(path.name):
            yield ArchivedFile(int(name["number"]), name["content"], name["own"], path)


def ranges(numbers: Iterable[int]) -> str:
    """Numbers in words: 3, 5 to 9."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{first} to {last}" if first != last else str(first) for first, last in runs)


def _write(con: Connection, part: Path, facts: Mapping[str, Any], rows: str) -> None:
    part.unlink(missing_ok=True)
    text = json.dumps({**facts, "form": FORM}, ensure_ascii=False)
    con.execute(
        f"copy ({rows}) to {literal(str(part))} "
        f"(format parquet, compression zstd, use_tmp_file false, kv_metadata {{delivery: {literal(text)}}})"
    )


def _name(part: Path, number: int, content: str) -> Path:
    """Sync a finished file and give it its name, which has its own hash."""
    with part.open("rb") as file:
        own = hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]
        target = part.with_name(f"{number:09d}~{content}~{own}.parquet")
        place(file, target)
    return target
