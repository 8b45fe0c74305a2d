"""The audit trail of the sources: what became of every file, which rows are in quarantine, how a source answers.

No other module writes audit.load, audit.quarantine and audit.source_status. No row is ever deleted: superseded_at
(`until` of a status) is when a later row replaced it. Everything here is part of the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from etl.errors import MendError, RetryError
from etl.warehouse import Connection, DatabaseError, attached

Status = Literal["current", "stale", "off"]
CURRENT = "source = $source and superseded_at is null"
TAKEN = "source = $source and status <> 'refused'"
REPLACED = "newer files have every row of it"


@dataclass(frozen=True)
class LoadRecord:
    """What became of one file, as in audit.load, in rows: rows_read = rows_loaded + rows_quarantined + rows_skipped.

    `rows_superseded` are earlier rows that this reading replaced; `status` is loaded, partly_loaded, refused
    or superseded, and `message` says why in the last two cases.
    """

    file: str
    content_hash: str
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    status: str
    rows_superseded: int | None = None
    message: str | None = None
    load_id: int | None = None
    rows_skipped: int | None = None
    profile: str | None = None


@dataclass(frozen=True)
class QuarantineRecord:
    """One quarantined row, as in audit.quarantine; `column_name` is None where the whole row is at fault.

    `line` and `raw_text` are None where a file was refused whole.
    """

    file: str
    content_hash: str
    line: int | None
    column_name: str | None
    raw_text: str | None
    reason: str


@dataclass(frozen=True)
class Standing:
    """What sources brought and no figure has: the first quarantined rows and refused files, and how many there are.

    `unread` has the reason, by source, of those that could not be asked.
    """

    quarantined: Sequence[QuarantineRecord]
    total: int
    unread: Mapping[str, str]


def standing(con: Connection, *sources: str, most: int) -> Standing:
    """What stands in quarantine of these sources, at most `most` rows of it, and which of them could not be asked."""
    names = ", ".join(field.name for field in fields(QuarantineRecord))
    of = "list_contains($sources::varchar[], source)"
    rows = con.execute(
        f"select {names}, count(*) over () from audit.quarantine where {of} and superseded_at is null "
        "order by loaded_at desc, file, line nulls first limit $most",
        {"sources": sources, "most": most},
    ).fetchall()
    unread = con.execute(
        f"select source, reason from audit.source_status where {of} and status = 'stale' and until is null "
        "order by source",
        {"sources": sources},
    ).fetchall()
    return Standing([QuarantineRecord(*row[:-1]) for row in rows], int(rows[0][-1]) if rows else 0, dict(unread))


def unknown_deliveries(con: Connection, served: Path) -> list[str]:
    """Files of the inbox whose rows readers of a published file have, and of which the open database knows nothing."""
    asked = (
        f"select distinct file from served.audit.load where {TAKEN} and superseded_at is null "
        "and content_hash not in (select content_hash from audit.load where source = $source) order by file"
    )
    try:
        with attached(con, served, "served"):
            return [str(file) for (file,) in con.execute(asked, {"source": "inbox"}).fetchall()]
    except (MendError, RetryError, DatabaseError):
        return []  # there is none, or it cannot be read either


def is_behind(con: Connection, served: Path) -> bool:
    """Whether readers have something of reference data or filings that the open database does not know."""
    asked = (
        "select 1 from served.audit.load as l where l.source in ('reference', 'edgar') and l.superseded_at is null and "
        "l.content_hash not in (select content_hash from audit.load) limit 1"
    )
    try:
        with attached(con, served, "served"):
            return bool(con.execute(asked).fetchall())
    except (MendError, RetryError, DatabaseError):
        return True  # it cannot be told


class Ledger:
    """The audit trail of one source, by the name that audit.load.source has for it."""

    def __init__(self, con: Connection, source: str) -> None:
        self._con = con
        self._source = source

    def contents(self) -> list[str]:
        """SHA-256 of every file that was loaded or refused, in the order in which they first came."""
        rows = self._ask("select content_hash from audit.load where source = $source group by 1 order by min(rowid)")
        return [str(row[0]) for row in rows]

    def taken(self) -> set[str]:
        """SHA-256 of every file of which rows were loaded at some time."""
        return {str(row[0]) for row in self._ask(f"select content_hash from audit.load where {TAKEN}")}

    def refusals(self, *, ever: bool = False) -> list[tuple[str, str, str]]:
        """Name, SHA-256 and reason of every file that stands refused, or of every one that was refused `ever`."""
        which = "source = $source" if ever else CURRENT
        rows = self._ask(f"select file, content_hash, message from audit.load where {which} and status = 'refused'")
        return [(str(file), str(content_hash), str(reason)) for file, content_hash, reason in rows]

    def loaded(self) -> set[tuple[str, str]]:
        """Name and SHA-256 of every file whose rows count now."""
        rows = self._ask(f"select file, content_hash from audit.load where {CURRENT} and status <> 'refused'")
        return {(str(file), str(content_hash)) for file, content_hash in rows}

    def incomplete(self) -> list[str]:
        """Files that were refused or partly loaded, in the order in which they came."""
        wanted = "status in ('refused', 'partly_loaded')"
        rows = self._ask(f"select file from audit.load where {CURRENT} and {wanted} order by rowid")
        return list(dict.fromkeys(str(row[0]) for row in rows))

    def load_ids(self, contents: Iterable[str]) -> list[int]:
        """The numbers of the loads that read files with one of these SHA-256."""
        rows = self._ask(
            "select load_id from audit.load where source = $source and load_id is not null "
            "and list_contains($contents::varchar[], content_hash)",
            contents=list(contents),
        )
        return [int(row[0]) for row in rows]

    def next_load_id(self) -> int:
        """A number that no load of any source has."""
        rows = self._con.execute("select coalesce(max(load_id), 0) + 1 from audit.load").fetchall()
        return int(rows[0][0])

    def record(self, record: LoadRecord, now: datetime) -> None:
        """Add what became of a file; what was recorded of it before is superseded separately."""
        self._insert("load", {**asdict(record), "loaded_at": now})

    def supersede(self, file: str, now: datetime, *, content_hash: str | None = None) -> None:
        """Close what is recorded of a file, by its name and, where one is given, by its content."""
        for table in ("load", "quarantine"):
            self._ask(
                f"update audit.{table} set superseded_at = $now "
                f"where {CURRENT} and (file = $file or content_hash = $hash)",
                file=file,
                hash=content_hash,
                now=now,
            )

    def refuse(self, *, file: str, content_hash: str, reason: str, now: datetime, table: str | None = None) -> bool:
        """Record that a file was refused, in the place of an earlier refusal; what was loaded of it still counts.

        It stands in quarantine too, without a line. `table` is that of its contract, where one fits. The same
        refusal again is no news and changes nothing; whether it was news is returned.
        """
        if (file, content_hash, reason) in self.refusals():
            return False
        for kept, which in (("load", "status = 'refused'"), ("quarantine", "line is null")):
            self._ask(
                f"update audit.{kept} set superseded_at = $now where {CURRENT} and file = $file and {which}",
                file=file,
                now=now,
            )
        self.record(LoadRecord(file, content_hash, 0, 0, 0, "refused", rows_superseded=0, message=reason), now)
        refused = QuarantineRecord(file, content_hash, None, None, None, reason)
        self._insert("quarantine", {**asdict(refused), "loaded_at": now, "table_name": table})
        return True

    def lines_aside(self, content_hash: str) -> set[int]:
        """The lines of a file that stand in quarantine."""
        rows = self._ask(
            f"select line from audit.quarantine where {CURRENT} and content_hash = $hash and line is not null",
            hash=content_hash,
        )
        return {int(line) for (line,) in rows}

    def forgive(self, contents: Iterable[str], now: datetime) -> int:
        """Close refusals and quarantine of files with these SHA-256, for which later files made up; entries closed."""
        closed, over = 0, list(contents)
        for kept, which in (("load", "status = 'refused'"), ("quarantine", "true")):
            ((number,),) = self._ask(
                f"update audit.{kept} set superseded_at = $now "
                f"where {CURRENT} and {which} and list_contains($over::varchar[], content_hash)",
                over=over,
                now=now,
            )
            closed += int(number)
        return closed

    def bring_back(self, table: str, rows: str) -> None:
        """Make the rows of a query the only ones of the source in audit.load or audit.quarantine."""
        self._ask(f"delete from audit.{table} where source = $source")
        self._con.execute(f"insert into audit.{table} by name {rows}")

    def dismiss(self, file: str, now: datetime) -> int:
        """Close the quarantine of a file, of which nothing more will be delivered; how many entries it had."""
        for kept, which in (("load", "status = 'refused'"), ("quarantine", "true")):
            found = self._ask(
                f"update audit.{kept} set superseded_at = $now where {CURRENT} and file = $file and {which}",
                file=file,
                now=now,
            )
        return int(found[0][0])

    def hide(self, which: str, shown: str, **values: Any) -> None:
        """Put the words `shown` in the place of the text of rows in quarantine; `which` is a condition of SQL."""
        self._ask(
            f"update audit.quarantine set raw_text = $shown where source = $source and ({which})", shown=shown, **values
        )

    def set_aside(
        self,
        rows: str,
        *,
        file: str,
        content_hash: str,
        now: datetime,
        values: Mapping[str, Any] | None = None,
        table: str | None = None,
    ) -> int:
        """Put the rows of a query into quarantine; how many they are.

        The query `rows` has the columns line, column_name, raw_text and reason; `values` are its parameters, `table`
        the delivered table of their contract.
        """
        ((number,),) = self._ask(
            f"""insert into audit.quarantine by name
            select $source as source, $file as file, $hash as content_hash, line, column_name, raw_text, reason,
                $now as loaded_at, $table as table_name
            from ({rows}) order by line""",
            **{**(values or {}), "file": file, "hash": content_hash, "now": now, "table": table},
        )
        return int(number)

    def withdraw(self, rows: str, table: str, reason: str, now: datetime) -> int:
        """Put loaded rows, of a query with their load_id, into quarantine, and count them there; how many they are.

        `table` is that of their contract. Their lines are not known any more.
        """
        ((number,),) = self._ask(
            f"""insert into audit.quarantine by name
            select $source as source, l.file, l.content_hash, to_json(r)::varchar as raw_text, $reason as reason,
                $now as loaded_at, $table as table_name
            from ({rows}) as r
            left join (
                select load_id, file, content_hash from audit.load
                qualify row_number() over (partition by load_id order by loaded_at desc) = 1
            ) as l using (load_id)""",
            reason=reason,
            now=now,
            table=table,
        )
        self._ask(
            f"""update audit.load as l
            set rows_loaded = rows_loaded - n, rows_quarantined = rows_quarantined + n
            from (select load_id, count(*) as n from ({rows}) group by load_id) as r
            where {CURRENT} and r.load_id = l.load_id"""
        )
        return int(number)

    def mark_replaced(self, replaced: str, left: str, now: datetime) -> None:
        """Mark the files as superseded that newer files have left no row of.

        `replaced` and `left` are queries for load_id: of rows that were replaced at `now`, which is $now in them,
        and of those that still count.
        """
        contents = "select l.content_hash from audit.load as l where l.load_id in ({})"
        self._ask(
            f"""update audit.load set status = 'superseded', superseded_at = $now, message = $message
            where {CURRENT} and status in ('loaded', 'partly_loaded')
                and content_hash in ({contents.format(replaced)}) and content_hash not in ({contents.format(left)})""",
            now=now,
            message=REPLACED,
        )

    def reconcile(self, loads: Sequence[LoadRecord], quarantined: Sequence[QuarantineRecord], now: datetime) -> int:
        """Make these the only current rows of the source: add what is missing, close the rest; how many changed."""
        changed = self._reconcile("load", loads, LoadRecord, now)
        return changed + self._reconcile("quarantine", quarantined, QuarantineRecord, now)

    def set_status(self, status: Status, reason: str, now: datetime, *, not_before: datetime | None = None) -> bool:
        """Note how the source answers at `now`; whether that differs from what was noted before.

        A refresh that finds the same writes nothing, so that the published snapshot changes exactly when a
        source became stale or current again.
        """
        current = "source = $source and until is null"
        noted = self._ask(
            f"select status, reason, not_before is not distinct from $not_before::timestamptz "
            f"from audit.source_status where {current}",
            not_before=not_before,
        )
        if is_new := noted != [(status, reason, True)]:
            self._ask(f"update audit.source_status set until = $now where {current}", now=now)
            found = {"status": status, "reason": reason, "not_before": not_before, "since": now}
            self._insert("source_status", found)
        return is_new

    def blocked(self, now: datetime) -> tuple[datetime, str] | None:
        """Until when the source wants no request and why; None when requests are allowed."""
        rows = self._ask(
            "select not_before, reason from audit.source_status "
            "where source = $source and until is null and not_before > $now",
            now=now,
        )
        return (rows[0][0].replace(tzinfo=UTC), str(rows[0][1])) if rows else None

    def _reconcile(
        self, table: str, records: Sequence[LoadRecord | QuarantineRecord], kind: type[Any], now: datetime
    ) -> int:
        names = ", ".join(field.name for field in fields(kind))
        current = {row[1:]: row[0] for row in self._ask(f"select rowid, {names} from audit.{table} where {CURRENT}")}
        wanted = {tuple(asdict(record).values()): record for record in records}
        gone = [rowid for row, rowid in current.items() if row not in wanted]
        added = [record for row, record in wanted.items() if row not in current]
        self._ask(
            f"update audit.{table} set superseded_at = $now where {CURRENT} and list_contains($gone::bigint[], rowid)",
            now=now,
            gone=gone,
        )
        for record in sorted(added, key=str):
            self._insert(table, {**asdict(record), "loaded_at": now})
        return len(gone) + len(added)

    def _ask(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._con.execute(sql, {**values, "source": self._source}).fetchall()

    def _insert(self, table: str, values: Mapping[str, Any]) -> None:
        names, places = ", ".join(values), ", ".join(f"${name}" for name in values)
        self._ask(f"insert into audit.{table} (source, {names}) values ($source, {places})", **values)
