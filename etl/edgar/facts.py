"""Bodies of SEC EDGAR's companyfacts into raw.edgar_fact: every fact of an issuer, with all its vintages.

A body is {cik, facts: {taxonomy: {concept: {units: {unit: [fact]}}}}}. Its texts are typed fact by fact, so that one
bad fact goes to audit.quarantine and the rest is loaded. (cik, taxonomy, concept, unit, start, end, accession)
identifies a fact; fy, fp and frame describe the filing and are never keys. Nothing is deleted: a fact that a later
body gives differently, or no longer, is marked with superseded_at.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from etl.config import ROOT, Settings
from etl.errors import MendError
from etl.ledger import Ledger, LoadRecord
from etl.warehouse import Connection, DatabaseError, MemoryShortage, count, transaction

SOURCE = "edgar"
SMALLEST = 1 << 20  # bytes of the reader's buffer for a body
READ_AGAIN = "the next refresh reads it again"
# The members of a body that may have no facts, as that of an issuer that has filed none.
MEMBERS = {"cik", "entityName", "facts"}
_REAL = re.compile(rb'("val"\s*:\s*)(-?[0-9]+\.[0-9]+)(?=\s*[,}])')
_POWER = re.compile(rb'("val"\s*:\s*)(-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+)(?=\s*[,}])')
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

    A body that cannot be read is refused, with its reason in audit.load, and the others go on; one that was refused
    for its content is not read again. Relative paths of bodies start at the warehouse's home.
    """
    rows = con.execute(
        """select b.cik::bigint, b.content_hash, b.path from raw.edgar_body as b
        where b.kind = 'companyfacts'
        qualify row_number() over (partition by b.cik::bigint order by b.fetched_at desc, b.content_hash) = 1
        order by b.cik::bigint"""
    ).fetchall()
    done = settled(con)
    for cik, content_hash, path in rows:
        body = Body(cik, content_hash, settings.home / path)
        if (body.file, content_hash) not in done:
            yield load_body(con, body, now)


def settled(con: Connection) -> set[tuple[str, str]]:
    """Name and SHA-256 of every body that is not read again: its facts count now, or its content was refused."""
    ledger = Ledger(con, SOURCE)
    refused = ledger.refusals(ever=True)
    return ledger.loaded() | {(file, content) for file, content, reason in refused if READ_AGAIN not in reason}


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

    Raises MendError for a body that is missing, no companyfacts JSON, of another issuer, without facts although the
    issuer had some, or too large for the memory that DuckDB may use.
    """
    try:
        content = body.path.read_bytes()
        content = gzip.decompress(content) if body.path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        fix = f"remove it, and it is fetched again; {READ_AGAIN}"
        raise MendError(f"{body.path} is damaged or cannot be read ({error}); {fix}") from error
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(_POWER.sub(_spelled_out, _REAL.sub(rb'\1"\2"', content)))
        file.flush()
        try:
            con.execute(
                f"create or replace temp table staged_fact as {STAGING.read_text(encoding='utf-8')}",
                {"path": file.name, "size": max(SMALLEST, 2 * len(content))},
            )
        except DatabaseError as error:
            first = str(error).splitlines()[0].replace(file.name, body.path.name)
            if isinstance(error, MemoryShortage):
                fix = f"raise WAREHOUSE_MEMORY; {READ_AGAIN}"
                raise MendError(f"{body.path} needs more memory to be read ({first}): {fix}") from error
            raise MendError(f"{body.path} is no companyfacts JSON ({first}); nothing of it is loaded") from error
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
    if found not in ({body.cik}, set()):
        whose = ", ".join(sorted(map(str, found)))
        raise MendError(f"{body.path} has facts of {whose}, and should have those of {body.cik}")
    if not found and not _may_have_none(con, body.cik, content):
        raise MendError(f"{body.path} has no facts; those that were loaded of {body.cik} before stay")


def _spelled_out(number: re.Match[bytes]) -> bytes:
    """A number with an exponent as a text of plain digits, where these are few enough to be kept."""
    value = Decimal(number[2].decode())
    plain = f"{value:f}".encode() if abs(value.adjusted()) < 40 else number[2]
    return number[1] + b'"' + plain + b'"'


def _may_have_none(con: Connection, cik: int, content: bytes) -> bool:
    """Whether a body without facts is that of an issuer that has filed none."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    had = count(con, f"select count(*) from raw.edgar_fact where cik = {cik} and superseded_at is null")
    is_body = isinstance(document, dict) and document.keys() <= MEMBERS
    return is_body and not had and str(document.get("cik", cik)).lstrip("0") == str(cik)


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
