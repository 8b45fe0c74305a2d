"""Bodies of SEC EDGAR's companyfacts into raw.edgar_fact: every fact of an issuer, with all its vintages.

A body is {cik, facts: {taxonomy: {concept: {units: {unit: [fact]}}}}}. Its texts are typed fact by fact, so that one
bad fact goes to audit.quarantine and the rest is loaded. (cik, taxonomy, concept, unit, start, end, accession)
identifies a fact; fy, fp and frame describe the filing and are never keys. Nothing is deleted: a fact that a later
body gives differently, or no longer, is marked with superseded_at.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etl.config import ROOT, Settings
from etl.errors import MendError
from etl.ledger import Ledger, LoadRecord
from etl.warehouse import Connection, DatabaseError, MemoryShortage, count, transaction

SOURCE = "edgar"
SMALLEST = 1 << 20  # bytes of the reader's buffer for a body
IDENTITY = ("cik", "taxonomy", "concept", "unit", "period_start", "period_end", "accn")
COLUMNS = (*IDENTITY, "val", "form", "filed", "fy", "fp", "frame")

STAGING = ROOT / "sql" / "staging" / "edgar_fact.sql"
SAME_IDENTITY = " and ".join(f"f.{column} is not distinct from s.{column}" for column in IDENTITY)
SAME_FACT = f"{SAME_IDENTITY} and f.val = s.val and f.form = s.form and f.filed = s.filed"


@dataclass(frozen=True)
class Body:
    """A stored companyfacts body: issuer, SHA-256 of its JSON, and where it lies (gzip or plain)."""

    cik: int
    content_hash: str
    path: Path

    @property
    def file(self) -> str:
        """Its name at the source, as audit.load has it."""
        return f"CIK{self.cik:010d}.json"


@dataclass(frozen=True)
class FactLoad:
    """What became of one body, in facts: rows_read = rows that count + rows_quarantined."""

    body: Body
    rows_read: int = 0
    rows_added: int = 0
    rows_superseded: int = 0
    rows_quarantined: int = 0
    message: str = ""

    @property
    def status(self) -> str:
        """As in audit.load."""
        return "refused" if self.message else "partly_loaded" if self.rows_quarantined else "loaded"


def load_pending(con: Connection, settings: Settings, now: datetime) -> Iterator[FactLoad]:
    """Load the newest body of every issuer that has not been loaded yet, one transaction a body.

    A body that cannot be read is refused, with its reason in audit.load, and the others go on. Relative
    paths of bodies start at the warehouse's home.
    """
    rows = con.execute(
        """select b.cik::bigint, b.content_hash, b.path from raw.edgar_body as b
        where b.kind = 'companyfacts'
        qualify row_number() over (partition by b.cik::bigint order by b.fetched_at desc, b.content_hash) = 1
        order by b.cik::bigint"""
    ).fetchall()
    loaded = Ledger(con, SOURCE).loaded()
    for cik, content_hash, path in rows:
        body = Body(cik, content_hash, settings.home / path)
        if (body.file, content_hash) not in loaded:
            yield load_body(con, body, now)


def load_body(con: Connection, body: Body, now: datetime) -> FactLoad:
    """The facts of one body into raw.edgar_fact, and what became of it into audit.load: one transaction."""
    try:
        with transaction(con):
            stage(con, body)
            loaded = _merge(con, body, now)
    except (MendError, DatabaseError) as error:
        loaded = FactLoad(body, message=str(error))
        with transaction(con):
            Ledger(con, SOURCE).refuse(file=body.file, content_hash=body.content_hash, reason=str(error), now=now)
    con.execute("drop table if exists staged_fact")
    return loaded


def stage(con: Connection, body: Body) -> None:
    """Type the facts of a body into the temporary table staged_fact.

    Raises MendError for a body that is missing, no companyfacts JSON, of another issuer, or too large for
    the memory that DuckDB may use.
    """
    fix = "remove it, and the next refresh fetches it again"
    try:
        con.execute(
            f"create or replace temp table staged_fact as {STAGING.read_text(encoding='utf-8')}",
            {"path": str(body.path), "size": _size(body.path)},
        )
    except (DatabaseError, OSError, EOFError, zlib.error) as error:
        first = str(error).splitlines()[0]
        if isinstance(error, MemoryShortage):
            raise MendError(f"{body.path} needs more memory to be read: {first}") from error
        raise MendError(f"{body.path} is no companyfacts JSON ({first}); {fix}") from error
    found = {row[0] for row in con.execute("select distinct cik from staged_fact").fetchall()}
    identity = ", ".join(IDENTITY)
    # A window over all facts costs more than reading them: it runs only where identities repeat.
    if count(con, f"select count(*) - count(distinct hash({identity})) from staged_fact"):
        con.execute(
            f"""update staged_fact set reason = 'another fact of this body has the same identity; the first one stands'
            where reason is null and rowid in (
                select rowid from staged_fact
                qualify row_number() over (partition by {identity} order by rowid) > 1)"""
        )
    if found != {body.cik}:
        content = f"facts of {', '.join(sorted(map(str, found)))}" if found else "no facts"
        raise MendError(f"{body.path} has {content}, and should have those of {body.cik}; {fix}")


def _size(path: Path) -> int:
    """Room for the JSON in bytes: the file's own length, or the length that the trailer of gzip states."""
    length = path.stat().st_size
    if path.suffix == ".gz":
        with path.open("rb") as file:
            file.seek(-4, 2)
            length = max(length, int.from_bytes(file.read(4), "little"))
    return max(SMALLEST, length + 1024)


def _merge(con: Connection, body: Body, now: datetime) -> FactLoad:
    """Bring raw.edgar_fact up to date with staged_fact; an unchanged fact keeps its loaded_at."""
    values = {"cik": body.cik, "now": now}
    superseded = count(
        con,
        f"""update raw.edgar_fact as f set superseded_at = $now
        where f.cik = $cik and f.superseded_at is null
            and not exists (select 1 from staged_fact as s where s.reason is null and {SAME_FACT})""",
        values,
    )
    added = count(
        con,
        f"""insert into raw.edgar_fact by name
        select {", ".join(f"s.{column}" for column in COLUMNS)}, $hash as content_hash, $now as loaded_at
        from staged_fact as s
        where s.reason is null and not exists (
            select 1 from raw.edgar_fact as f
            where f.cik = $cik and f.superseded_at is null and {SAME_FACT})""",
        {**values, "hash": body.content_hash},
    )
    ledger = Ledger(con, SOURCE)
    ledger.supersede(body.file, now)
    quarantined = ledger.set_aside(
        """select line, null as column_name, reason,
            concat_ws(' ', taxonomy, concept, unit, coalesce(broken::varchar, accn)) as raw_text
        from (select row_number() over () as line, * from staged_fact) where reason is not null""",
        file=body.file,
        content_hash=body.content_hash,
        now=now,
    )
    read = count(con, "select count(*) from staged_fact")
    loaded = FactLoad(body, rows_read=read, rows_added=added, rows_superseded=superseded, rows_quarantined=quarantined)
    ledger.record(
        LoadRecord(
            file=body.file,
            content_hash=body.content_hash,
            rows_read=read,
            rows_loaded=read - quarantined,
            rows_quarantined=quarantined,
            rows_superseded=superseded,
            status=loaded.status,
        ),
        now,
    )
    return loaded
