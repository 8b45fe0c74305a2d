"""Many filings of SEC EDGAR at once: archives on disk, and the filings of a list of issuers.

companyfacts.zip holds one body an issuer, CIK##########.json; each is loaded like a body that was requested.

A quarter of the Financial Statement Data Sets, a zip or its folder, has four tab-separated files: sub (filings), num
(numbers), tag (their names), pre (their lines in the statements). What goes wrong: a day is rounded to the end of its
month, so it is no key beside companyfacts, whose days are exact, and no figure is made of it; a number with segments
or a co-registrant is a part of the whole; custom tags have the accession number as their version.

A list of issuers has a CIK at the start of each line, as digits or as CIK0001549802; what follows a comma or a # is
a comment. A file beside the bodies names the issuers that are done, so that the same list continues where it was
stopped; a complete list starts again, with one request for each issuer that has nothing new.

A body, a quarter and an issuer are each a transaction of their own, and what is loaded already is skipped.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path

from etl.bounds import BOUNDS
from etl.config import ROOT, Settings
from etl.edgar.client import BlockedError, Client
from etl.edgar.facts import Body, FactLoad, load_body, settled
from etl.edgar.filings import IssuerPoll, poll_each, poll_issuer
from etl.edgar.store import FOLDER, body_path, store_body
from etl.errors import MendError
from etl.ledger import Ledger, LoadRecord
from etl.warehouse import CSV_OPTIONS, Connection, DatabaseError, count, literal, open_build, transaction

# Enough for a body of 30 MB. Without a bound DuckDB keeps what it wrote, up to most of the machine's memory.
MEMORY = "512MB"
STATEMENTS = "edgar_statements"
STATEMENT_FILES = ("sub", "num", "tag", "pre")
STATEMENT_SQL = ROOT / "sql" / "staging" / "edgar_statement.sql"
OPTIONS = (
    f"{CSV_OPTIONS}, delim = '\t', quote = '', escape = '', skip = 1, null_padding = true, parallel = false, "
    "ignore_errors = false, max_line_size = 2097152"
)
# What a zip may raise where it is damaged, encrypted or packed by another method.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)
_BODY = re.compile(r"(?:.*/)?CIK([0-9]{10})\.json")
_LINE = re.compile(r"\s*(?:CIK)?(\d{1,10})\s*(?:[,;#].*)?", re.IGNORECASE)


def load_archive(
    con: Connection, settings: Settings, path: Path, now: datetime, ciks: Collection[int] = ()
) -> Iterator[FactLoad | None]:
    """Load the bodies of companyfacts.zip, all or those of `ciks`; None for one that was read already.

    Raises MendError for a file that is no such archive.
    """
    done = settled(con)
    with _opened(path) as archive:
        for name, cik in _bodies(archive, ciks):
            try:
                if archive.getinfo(name).file_size > BOUNDS["edgar"].largest:
                    raise ValueError("it is larger than any body")
                content = archive.read(name)
            except DAMAGED as error:
                yield FactLoad(
                    Body(cik, "", path / name), message=f"{path} has it damaged ({error}): download it again"
                )
                continue
            content_hash = sha256(content).hexdigest()
            body = Body(cik, content_hash, settings.home / body_path(content_hash))
            if (body.file, content_hash) in done:
                yield None
                continue
            store_body(con, settings, "companyfacts", cik, content, headers={}, now=now)
            yield load_body(con, body, now)


def count_bodies(path: Path, ciks: Collection[int] = ()) -> int:
    """How many bodies an archive holds, all or those of `ciks`. Raises MendError as load_archive does."""
    with _opened(path) as archive:
        return sum(1 for _ in _bodies(archive, ciks))


def _bodies(archive: zipfile.ZipFile, ciks: Collection[int]) -> Iterator[tuple[str, int]]:
    for name in sorted(archive.namelist()):
        found = _BODY.fullmatch(name)
        if found and (not ciks or int(found[1]) in ciks):
            yield name, int(found[1])


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        fix = "name companyfacts.zip, or a quarter of the data sets as a zip or a folder"
        raise MendError(f"{path} cannot be opened as a zip ({error}): {fix}") from error


def is_statements(path: Path) -> bool:
    """Whether a folder or zip is a quarter of the Financial Statement Data Sets."""
    files = {f"{name}.txt" for name in STATEMENT_FILES}
    if path.is_dir():
        return any((path / file).exists() for file in files)
    with _opened(path) as archive:
        return not files.isdisjoint(archive.namelist())


def load_statements(con: Connection, path: Path, now: datetime) -> int | None:
    """Load one quarter, a zip or its folder, into raw.edgar_statement: its rows, None when it is loaded already.

    Every row of num is kept or nothing is. Raises MendError.
    """
    ledger = Ledger(con, STATEMENTS)
    with _unpacked(path) as folder:
        missing = [f"{name}.txt" for name in STATEMENT_FILES if not (folder / f"{name}.txt").exists()]
        if missing:
            raise MendError(f"{path} has no {', '.join(missing)}: download the quarter again")
        with (folder / "num.txt").open("rb") as file:
            content_hash = file_digest(file, "sha256").hexdigest()
        if content_hash in ledger.contents():
            return None
        try:
            with transaction(con):
                rows = _load_numbers(con, folder, content_hash, now)
                ledger.record(LoadRecord(path.name, content_hash, rows, rows, 0, "loaded", rows_superseded=0), now)
        except DatabaseError as error:
            first = str(error).splitlines()[0]
            raise MendError(f"{path}: {first}; nothing was loaded, download the quarter again") from error
        return rows


def _load_numbers(con: Connection, folder: Path, content_hash: str, now: datetime) -> int:
    for name in STATEMENT_FILES:
        # Quarters before 2024 have no column for segments: they hold consolidated numbers only.
        further = " union all by name select null::varchar as segments where false" if name == "num" else ""
        with (folder / f"{name}.txt").open("rb") as lines:
            header = lines.readline()
        columns = ", ".join(f"{literal(word)}: 'varchar'" for word in header.decode().rstrip("\r\n").split("\t"))
        ending = r"\r\n" if header.endswith(b"\r\n") else r"\n"
        shape = f"columns = {{{columns}}}, new_line = '{ending}'"
        file = literal(str(folder / f"{name}.txt"))
        con.execute(f"create or replace temp view {name} as from read_csv({file}, {OPTIONS}, {shape}){further}")
    kept = count(
        con,
        f"insert into raw.edgar_statement by name {STATEMENT_SQL.read_text(encoding='utf-8')}",
        {"hash": content_hash, "now": now},
    )
    for name in STATEMENT_FILES:
        con.execute(f"drop view {name}")
    with (folder / "num.txt").open("rb") as numbers:
        read = sum(1 for _ in numbers) - 1
    if kept != read:
        raise MendError(f"{read:,} numbers, of which {kept:,} have a filing: nothing was loaded; download it again")
    return kept


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """The folder of the quarter; a zip is unpacked into a temporary one."""
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder, _opened(path) as archive:
        try:
            wanted = [f"{name}.txt" for name in STATEMENT_FILES if f"{name}.txt" in archive.namelist()]
            archive.extractall(folder, wanted)
        except DAMAGED as error:
            raise MendError(f"{path} is damaged ({error}): nothing was loaded; download it again") from error
        yield Path(folder)


@dataclass
class Backfill:
    """What became of a list, in issuers, and in reports whose facts are new here."""

    issuers: int
    done_before: int = 0
    done: int = 0
    loaded: int = 0
    failed: int = 0


def read_ciks(path: Path) -> list[int]:
    """The CIKs of a file, each once, in its order.

    Raises MendError for a file that cannot be read and for a line that starts with no CIK.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        fix = "name a file with one CIK a line, as in make edgar-backfill CIKS=ciks.txt"
        raise MendError(f"{path}: {error}; {fix}") from error
    ciks: dict[int, None] = {}
    for number, line in enumerate(lines, 1):
        if not line.partition("#")[0].strip():
            continue
        found = _LINE.fullmatch(line)
        if not found or not int(found[1]):
            raise MendError(f"{path}:{number}: {line.strip()!r} does not start with a CIK; write 1549802")
        ciks[int(found[1])] = None
    if not ciks:
        raise MendError(f"{path}: no CIK in it; write one a line")
    return list(ciks)


def backfill(
    settings: Settings, ciks: Sequence[int], client: Client, report: Callable[[int, int, str], None]
) -> Backfill:
    """Poll every issuer of the list that is not done, and wait out a block for the rate.

    `report` gets, after each, how many are done, of how many, and what became of it. Raises AgentError,
    UnavailableError where issuer after issuer gets no answer, and RetryError; what is done stays done.
    """
    journal = journal_path(settings, ciks)
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True) if journal.exists() else []
    done = {int(line) for line in lines if line.endswith("\n")}  # a crash may have cut off the last line
    found = Backfill(len(ciks), done_before=len(done))
    remaining = [cik for cik in ciks if cik not in done]
    journal.parent.mkdir(parents=True, exist_ok=True)
    with open_build(settings) as con, journal.open("a", encoding="utf-8") as file:

        def poll(cik: int) -> IssuerPoll:
            while True:
                now = client.clock.now()
                try:
                    with transaction(con):
                        return poll_issuer(con, settings, client, cik, now)
                except BlockedError as error:
                    report(len(done), len(ciks), str(error))
                    client.clock.wait(max(0.0, (error.until - now).total_seconds()))

        for cik, answer in poll_each(remaining, poll):
            if isinstance(answer, IssuerPoll):
                done.add(cik)
                file.write(f"{cik}\n")
                file.flush()
                found.done += 1
                found.loaded += answer.loaded
                words = f"{answer.entity or cik}: {answer.loaded} reports with new facts"
            else:
                found.failed += 1
                words = str(answer)
            report(len(done), len(ciks), words)
    if not found.failed:
        journal.unlink()
    return found


def journal_path(settings: Settings, ciks: Sequence[int]) -> Path:
    """The file that names the issuers of this list that are done; gone when all are."""
    name = sha256(" ".join(map(str, ciks)).encode()).hexdigest()[:12]
    return settings.home / FOLDER / f"backfill-{name}.done"
