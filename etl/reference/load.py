"""Reference files into raw.reference_row: append what is new, mark what is gone, quarantine what breaks.

Rows are compared with those that are loaded: reading the same files again writes nothing, and a file with one more
row adds one row. Nothing is deleted; a row that left its file is marked with superseded_at and no longer counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from etl.archive.standing import note_reading
from etl.config import Settings
from etl.ledger import Ledger, LoadRecord, QuarantineRecord
from etl.reference.read import AcceptedRow, read
from etl.warehouse import Connection, count

SOURCE = "reference"
AT_A_TIME = 500  # rows that are bound to one statement


@dataclass(frozen=True)
class IngestResult:
    """What became of the rows of every reference file. rows_read = rows_loaded + rows_quarantined."""

    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_added: int
    rows_superseded: int
    changed: bool
    files: tuple[LoadRecord, ...]
    quarantined: tuple[QuarantineRecord, ...]
    documents: int
    platforms: tuple[str, ...]
    period_start: str | None
    period_end: str | None


def load_reference(con: Connection, settings: Settings, now: datetime) -> IngestResult:
    """Bring raw.reference_row, audit.load and audit.quarantine up to date with the folders of the settings.

    The day of `now` becomes that of raw.refresh_day. In the caller's transaction. Raises MendError for an unreadable
    file or a wrong header, before anything is written.
    """
    reading = read(settings.figure_folders, settings.root)
    _stage(con, reading.records)
    note_reading(con)
    superseded = count(
        con,
        """update raw.reference_row as r set superseded_at = $now
        where superseded_at is null and not exists (
            select 1 from staged as s where s.kind = r.kind and s.file = r.file
                and s.fields = r.fields and s.reading = r.reading)""",
        {"now": now},
    )
    added = count(
        con,
        """insert into raw.reference_row by name
        select s.*, $now as loaded_at from staged as s
        where not exists (
            select 1 from raw.reference_row as r where r.superseded_at is null and s.kind = r.kind
                and s.file = r.file and s.fields = r.fields and s.reading = r.reading)
        order by s.file, s.line""",
        {"now": now},
    )
    loaded, rejected = Counter(r.file for r in reading.records), Counter(r.file for r in reading.rejects)
    loads = [
        LoadRecord(
            file=f.file,
            content_hash=f.content_hash,
            rows_read=f.rows_read,
            rows_loaded=loaded[f.file],
            rows_quarantined=rejected[f.file],
            status="partly_loaded" if rejected[f.file] else "loaded",
        )
        for f in reading.files
    ]
    quarantined = [QuarantineRecord(**asdict(r)) for r in reading.rejects]
    audited = Ledger(con, SOURCE).reconcile(loads, quarantined, now)
    con.execute("drop table staged")
    con.execute("delete from raw.refresh_day")
    con.execute("insert into raw.refresh_day values (?)", [now.date()])
    observations = [r.fields for r in reading.records if r.kind == "observation"]
    return IngestResult(
        rows_read=sum(f.rows_read for f in reading.files),
        rows_loaded=len(reading.records),
        rows_quarantined=len(reading.rejects),
        rows_added=added,
        rows_superseded=superseded,
        changed=bool(added or superseded or audited),
        files=tuple(loads),
        quarantined=tuple(quarantined),
        documents=sum(r.kind == "document" for r in reading.records),
        platforms=tuple(sorted({o["platform"] for o in observations})),
        period_start=min((o["period_start"] or o["period_end"] for o in observations), default=None),
        period_end=max((o["period_end"] for o in observations), default=None),
    )


def _stage(con: Connection, records: Sequence[AcceptedRow]) -> None:
    """Put the rows into temp.staged, some at a time.

    A list that is bound to a query is held by DuckDB outside of its memory limit, at 30 KB a row.
    """
    con.execute(
        "create or replace temp table staged (kind varchar, file varchar, content_hash varchar, line bigint, "
        "fields map(varchar, varchar), reading map(varchar, varchar))"
    )
    for first in range(0, len(records), AT_A_TIME):
        rows = [
            asdict(r) | {"fields": _as_map(r.fields), "reading": _as_map(r.reading)}
            for r in records[first : first + AT_A_TIME]
        ]
        con.execute(
            """insert into staged select unnest($rows::struct(kind varchar, file varchar, content_hash varchar,
            line bigint, fields map(varchar, varchar), reading map(varchar, varchar))[], recursive := true)""",
            {"rows": rows},
        )


def _as_map(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """A MAP as DuckDB takes it: dicts in a list become one STRUCT with the keys of all."""
    return {"key": list(texts), "value": list(texts.values())}
