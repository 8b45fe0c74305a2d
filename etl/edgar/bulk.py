"""A quarter of the SEC's Financial Statement Data Sets into raw.edgar_statement: what statements said.

Four tab-separated files with a header: sub (filings), num (numbers), tag (their names), pre (their lines in
the statements). Published by the SEC every quarter. What goes wrong: a day is rounded to the end of its
month, so it is no key beside companyfacts, whose days are exact: no figure is made of it; a number with
segments or a co-registrant is a part of the whole; custom tags have the accession number as their version.

EDGAR from disk, without the network: companyfacts.zip, or a quarter of the data sets.

companyfacts.zip holds one body an issuer, CIK##########.json; each goes the way of a body that was asked
for. A quarter of the Financial Statement Data Sets (a zip or its folder) has sub, num, tag and pre as
tab-separated text. One body is in memory at a time, each is a transaction, and what stands already is
skipped: a run that was killed goes on where it stopped. `make edgar-bulk FILE=...`

`make edgar-backfill CIKS=file`: load the filings of a list of issuers, with a bar; stop and go on at will.

The file has a CIK at the start of each line, as digits or as CIK0001549802; what follows a comma or a #
is the reader's. Each issuer is a transaction of its own. A file beside the bodies notes who is done, so that
the same list goes on where it was stopped; a list that is complete starts anew, with one request for each
issuer that has nothing new. A block for the rate is waited out.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path
from re import fullmatch

from etl.config import Settings
from etl.edgar.client import BlockedError, Client
from etl.edgar.facts import SOURCE, Body, FactLoad, load_body
from etl.edgar.filings import IssuerPoll, one_by_one, poll_issuer
from etl.edgar.store import FOLDER, body_path, store_body
from etl.errors import MendError
from etl.ledger import Ledger, LoadRecord
from etl.warehouse import Connection, DatabaseError, open_build, transaction

SETS = ("sub", "num", "tag", "pre")
STATEMENTS = "edgar_statements"
READ = (
    "read_csv('{path}', delim = '\t', header = true, quote = '', escape = '', all_varchar = true, "
    "null_padding = true, strict_mode = true, parallel = false)"
)
JOINED = """
insert into raw.edgar_statement by name
select
    s.cik::bigint as cik, s.adsh as accn, s.name, s.form, strptime(s.filed, '%Y%m%d')::date as filed,
    strptime(nullif(s.period, ''), '%Y%m%d')::date as period, s.fye as fiscal_year_end, n.tag, n.version,
    n.version = n.adsh as is_custom, strptime(n.ddate, '%Y%m%d')::date as month_end, n.qtrs::integer as quarters,
    n.uom as unit, {segments} as segments, nullif(n.coreg, '') as coregistrant,
    {segments} is null and nullif(n.coreg, '') is null as is_consolidated,
    nullif(n.value, '')::decimal(38, 4) as val, p.stmt as statement, coalesce(p.plabel, t.tlabel) as label,
    $hash as content_hash, $now as loaded_at
from num as n
join sub as s on s.adsh = n.adsh
left join tag as t on t.tag = n.tag and t.version = n.version
left join (
    select p.adsh, p.tag, p.version, min_by(p.stmt, (p.report::integer, p.line::integer)) as stmt,
        min_by(p.plabel, (p.report::integer, p.line::integer)) as plabel
    from pre as p group by p.adsh, p.tag, p.version
) as p on p.adsh = n.adsh and p.tag = n.tag and p.version = n.version
"""


def load_statements(con: Connection, path: Path, now: datetime) -> Iterator[tuple[str, int | None]]:
    """Load one quarter, a zip or its folder: its name and rows, None where it stands already.

    One transaction; every row of num is kept or nothing is. Raises MendError.
    """
    with _unpacked(path) as folder:
        missing = [f"{name}.txt" for name in SETS if not (folder / f"{name}.txt").exists()]
        if missing:
            raise MendError(f"{path} has no {', '.join(missing)}: download the quarter again")
        with (folder / "num.txt").open("rb") as file:
            content_hash = file_digest(file, "sha256").hexdigest()
        ledger = Ledger(con, STATEMENTS)
        if content_hash in ledger.contents():
            yield path.name, None
            return
        try:
            with transaction(con):
                rows = _load(con, folder, content_hash, now)
                ledger.record(
                    LoadRecord(
                        file=path.name,
                        content_hash=content_hash,
                        rows_read=rows,
                        rows_loaded=rows,
                        rows_quarantined=0,
                        rows_superseded=0,
                        status="loaded",
                    ),
                    now,
                )
        except DatabaseError as error:
            first = str(error).splitlines()[0]
            raise MendError(f"{path}: {first}; nothing was loaded, download the quarter again") from error
        yield path.name, rows


def _load(con: Connection, folder: Path, content_hash: str, now: datetime) -> int:
    for name in SETS:
        quoted = str(folder / f"{name}.txt").replace("'", "''")
        con.execute(f"create or replace temp view {name} as select * from {READ.format(path=quoted)}")
    columns = {row[0] for row in con.execute("describe num").fetchall()}
    # Quarters before 2024 have no column for segments: they hold consolidated numbers only.
    segments = "nullif(n.segments, '')" if "segments" in columns else "null::varchar"
    con.execute(JOINED.format(segments=segments), {"hash": content_hash, "now": now})
    kept = _count(con, "select count(*) from raw.edgar_statement where content_hash = ?", [content_hash])
    with (folder / "num.txt").open("rb") as file:
        read = sum(1 for _ in file) - 1
    for name in SETS:
        con.execute(f"drop view {name}")
    if kept != read:
        raise MendError(f"{read:,} numbers, of which {kept:,} have a filing: nothing was loaded; download it again")
    return kept


def _count(con: Connection, sql: str, parameters: list[str]) -> int:
    row = con.execute(sql, parameters).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """The folder of the quarter; a zip is unpacked beside nothing that stays."""
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        for name in SETS:
            if f"{name}.txt" in archive.namelist():
                with archive.open(f"{name}.txt") as packed, (Path(folder) / f"{name}.txt").open("wb") as file:
                    shutil.copyfileobj(packed, file)
        yield Path(folder)


# Enough for a body of 30 MB. Without a bound DuckDB keeps what it wrote, up to most of the machine's memory.
MEMORY = "512MB"


def load_archive(
    con: Connection, settings: Settings, path: Path, now: datetime, ciks: Collection[int] = ()
) -> Iterator[FactLoad | None]:
    """Load the bodies of companyfacts.zip, all or those of `ciks`; None for one whose facts stand already.

    Raises MendError for a file that is no such archive.
    """
    loaded = Ledger(con, SOURCE).loaded()
    with _opened(path) as archive:
        for name, cik in _bodies(archive, ciks):
            content = archive.read(name)
            content_hash = sha256(content).hexdigest()
            body = Body(cik, content_hash, settings.home / body_path(content_hash))
            if (body.file, content_hash) in loaded:
                yield None
                continue
            store_body(con, settings, "companyfacts", cik, content, headers={}, now=now)
            yield load_body(con, body, now)


def count_bodies(path: Path, ciks: Collection[int] = ()) -> int:
    """How many bodies an archive holds, all or those of `ciks`."""
    with _opened(path) as archive:
        return sum(1 for _ in _bodies(archive, ciks))


def is_statements(path: Path) -> bool:
    """Whether a folder or zip is a quarter of the Financial Statement Data Sets."""
    if path.is_dir():
        return any((path / f"{name}.txt").exists() for name in SETS)
    with _opened(path) as archive:
        return any(f"{name}.txt" in archive.namelist() for name in SETS)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        fix = "name companyfacts.zip, or a quarter of the data sets as a zip or a folder"
        raise MendError(f"{path} cannot be opened as a zip ({error}): {fix}") from error


def _bodies(archive: zipfile.ZipFile, ciks: Collection[int]) -> Iterator[tuple[str, int]]:
    for name in sorted(archive.namelist()):
        found = fullmatch(r"(?:.*/)?CIK([0-9]{10})\.json", name)
        if found and (not ciks or int(found[1]) in ciks):
            yield name, int(found[1])


_LINE = re.compile(r"\s*(?:CIK)?(\d{1,10})\s*(?:[,;#].*)?", re.IGNORECASE)


@dataclass
class Backfill:
    """What came of a list, in issuers, and in reports whose facts are new here."""

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
        raise MendError(
            f"{path}: {error}; name a file with one CIK a line, as in make edgar-backfill CIKS=ciks.txt"
        ) from error
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
    settings: Settings, ciks: Sequence[int], client: Client, tell: Callable[[int, int, str], None]
) -> Backfill:
    """Poll every issuer of the list that is not done, each in a transaction of its own.

    `tell` gets, after each, how many are done, of how many, and what came of it. Raises AgentError,
    UnavailableError where issuer after issuer gets no answer, and RetryError; what is done stays done.
    """
    journal = journal_path(settings, ciks)
    done = _done(journal)
    found = Backfill(len(ciks), done_before=len(done))
    ahead = [cik for cik in ciks if cik not in done]
    journal.parent.mkdir(parents=True, exist_ok=True)
    with open_build(settings) as con, journal.open("a", encoding="utf-8") as noted:

        def poll(cik: int) -> IssuerPoll:
            while True:
                now = client.clock.now()
                try:
                    with transaction(con):
                        return poll_issuer(con, settings, client, cik, now)
                except BlockedError as error:
                    tell(len(done), len(ciks), str(error))
                    client.clock.wait(max(0.0, (error.until - now).total_seconds()))

        for cik, answer in one_by_one(ahead, poll):
            if isinstance(answer, IssuerPoll):
                done.add(cik)
                noted.write(f"{cik}\n")
                noted.flush()
                found.done += 1
                found.loaded += answer.loaded
                said = f"{answer.entity or cik}: {answer.loaded} reports with new facts"
            else:
                found.failed += 1
                said = str(answer)
            tell(len(done), len(ciks), said)
    if not found.failed:
        journal.unlink()
    return found


def journal_path(settings: Settings, ciks: Sequence[int]) -> Path:
    """Where it is noted who of this list is done; gone when all are."""
    name = hashlib.sha256(" ".join(map(str, ciks)).encode()).hexdigest()[:12]
    return settings.home / FOLDER / f"backfill-{name}.done"


def _done(journal: Path) -> set[int]:
    """Who is noted; a last line that a crash cut off has no end and does not count."""
    text = journal.read_text(encoding="utf-8") if journal.exists() else ""
    return {int(line) for line in text.splitlines(keepends=True) if line.endswith("\n")}
