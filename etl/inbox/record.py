"""What the audit trail knows of the inbox: contents that were seen, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from etl.contracts import Contract
from etl.inbox.delivery import SOURCE, Delivery, Load, count
from etl.warehouse import Connection, DatabaseError, WarehouseError

STANDS = "source = $source and superseded_at is null"


def recorded(con: Connection) -> set[str]:
    """SHA-256 of every file that was loaded or refused before."""
    return set(first_loads(con))


def first_loads(con: Connection) -> list[str]:
    """SHA-256 of every file, in the order in which they first came."""
    rows = con.execute(
        "select content_hash from audit.load where source = $source group by content_hash order by min(rowid)",
        {"source": SOURCE},
    ).fetchall()
    return [str(row[0]) for row in rows]


def next_load(con: Connection, now: datetime) -> Load:
    """A load with a number of its own."""
    return Load(count(con, "select coalesce(max(load_id), 0) + 1 from audit.load"), now)


def loads_of(con: Connection, contents: Iterable[str]) -> list[int]:
    """The numbers of the loads that read files with one of these SHA-256."""
    rows = con.execute(
        "select load_id from audit.load where source = $source and load_id is not null "
        "and list_contains($contents::varchar[], content_hash)",
        {"source": SOURCE, "contents": list(contents)},
    ).fetchall()
    return [int(row[0]) for row in rows]


def replayable(con: Connection) -> list[str]:
    """Files that were refused or partly loaded, in the order in which they came."""
    rows = con.execute(
        f"select file from audit.load where {STANDS} and status in ('refused', 'partly_loaded') order by rowid",
        {"source": SOURCE},
    ).fetchall()
    return list(dict.fromkeys(str(row[0]) for row in rows))


def known_words(con: Connection, contracts: Iterable[Contract]) -> dict[str, list[str]]:
    """The words of every column, as schema.table.column, that a contract's column is known in.

    Raises WarehouseError when their table is not built yet.
    """
    words: dict[str, list[str]] = {}
    for place in {column.known_in for contract in contracts for column in contract.columns} - {""}:
        table, _, name = place.rpartition(".")
        try:
            rows = con.execute(f"select distinct {name} from {table} order by {name}").fetchall()
        except DatabaseError as error:
            raise WarehouseError(f"{table} is not built yet: run `make refresh`, then load the inbox") from error
        words[place] = [str(row[0]) for row in rows]
    return words


def refuse(con: Connection, file: str, content_hash: str, reason: str, now: datetime) -> None:
    """Record a refusal; what was loaded of this file before still counts, and stands."""
    values = {"source": SOURCE, "file": file, "now": now}
    con.execute(
        f"update audit.load set superseded_at = $now where {STANDS} and file = $file and status = 'refused'",
        values,
    )
    con.execute(
        "insert into audit.load values ($source, $file, $hash, 0, 0, 0, 0, 'refused', $reason, $now, null, null)",
        {**values, "hash": content_hash, "reason": reason},
    )


def settle(con: Connection, file: str, content_hash: str, now: datetime) -> None:
    """Close what was recorded of this file's earlier content, or of this content: it is told anew."""
    values = {"source": SOURCE, "file": file, "hash": content_hash, "now": now}
    for table in ("load", "quarantine"):
        con.execute(
            f"update audit.{table} set superseded_at = $now where {STANDS} and (file = $file or content_hash = $hash)",
            values,
        )


def finish(con: Connection, delivery: Delivery, counts: tuple[int, int, int, int], status: str, load: Load) -> None:
    """Record a load, with rows read, loaded, quarantined, replaced; files that lost their last row say so."""
    contract = delivery.contract
    message = "newer files have every row of it" if status == "superseded" else None
    con.execute(
        "insert into audit.load values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, ?)",
        [SOURCE, delivery.file, delivery.content_hash, *counts, status, message, load.now, load.load_id],
    )
    if counts[3]:
        contents = "select content_hash from audit.load where load_id in (select distinct load_id from {})"
        con.execute(
            f"""update audit.load set status = 'superseded', superseded_at = $now,
                message = 'newer files have every row of it'
            where {STANDS} and status in ('loaded', 'partly_loaded')
                and content_hash in ({contents.format(f"{contract.history} where superseded_at = $now")})
                and content_hash not in ({contents.format(contract.table)})""",
            {"source": SOURCE, "now": load.now},
        )
