"""Rows of one delivery that are in the table of its contract: put in the place of older ones, and into the ledger.

The same for a file of the inbox and for one of the archive, within the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from etl.contracts import Contract
from etl.errors import MendError
from etl.ledger import REPLACED, Ledger, LoadRecord
from etl.warehouse import Connection, count


@dataclass(frozen=True)
class Delivery:
    """A file whose rows are in the table of its contract, by their `load_id`, and in quarantine.

    `rows` are those in the table; the other counts are of records of the file, as in audit.load. `told` is what is
    worth to know, `loaded_at` is when it was read.
    """

    file: str
    content_hash: str
    contract: Contract
    load_id: int
    loaded_at: datetime
    rows: int
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_skipped: int
    told: tuple[str, ...] = ()
    profile: str | None = None

    @property
    def new(self) -> str:
        """Its rows, as a table of SQL with a condition."""
        return f"{self.contract.table} where load_id = {self.load_id}"


@dataclass(frozen=True)
class Merged:
    """What became of a delivery: its record, and its first and last day."""

    record: LoadRecord
    days: tuple[date | None, date | None]


def merge(con: Connection, ledger: Ledger, delivery: Delivery) -> Merged:
    """Put the rows in the place of older ones with the same keys, which go into history, and record the delivery.

    A row that did not change stays as it is, so the same figures delivered again change nothing. Where the same content
    was read before, rows of files that came after it count before those of this one, and rows that it brought then and
    does not bring now go. Raises MendError where rows are not accounted for.
    """
    order, again = ledger.contents(), ledger.load_ids([delivery.content_hash])
    later = order[order.index(delivery.content_hash) + 1 :] if delivery.content_hash in order else []
    day, contract = f"{delivery.contract.day}::date", delivery.contract
    ((first, last),) = con.execute(f"select min({day}), max({day}) from {delivery.new}").fetchall()
    replaced = outdated = same = 0
    if _match(con, delivery, ledger.load_ids(later), again):
        replaced = _into_history(con, delivery, "select old from matched where not is_same and not is_newer")
        outdated = _into_history(con, delivery, "select new from matched where is_newer")
        same = count(con, f"delete from {contract.table} where rowid in (select new from matched where is_same)")
    kept = count(con, f"select count(*) from {delivery.new}")
    if delivery.rows != kept + outdated + same:
        raise MendError(
            f"{delivery.rows:,} rows were brought, but {kept:,} are in {contract.table}, {same:,} are unchanged and "
            f"{outdated:,} outdated; nothing was written, report this"
        )
    con.execute("drop table matched")
    is_outdated = bool(delivery.rows) and delivery.rows == outdated
    told = [REPLACED, *delivery.told] if is_outdated else delivery.told
    record = LoadRecord(
        delivery.file,
        delivery.content_hash,
        delivery.rows_read,
        delivery.rows_loaded,
        delivery.rows_quarantined,
        "superseded" if is_outdated else "partly_loaded" if delivery.rows_quarantined else "loaded",
        rows_superseded=replaced,
        message="; ".join(told) or None,
        load_id=delivery.load_id,
        rows_skipped=delivery.rows_skipped,
        profile=delivery.profile,
    )
    ledger.record(record, delivery.loaded_at)
    if replaced:
        gone = f"select load_id from {contract.history} where superseded_at = $now"
        ledger.mark_replaced(gone, f"select load_id from {contract.table}", delivery.loaded_at)
    return Merged(record, (first, last))


def _match(con: Connection, delivery: Delivery, newer: Sequence[int], again: Sequence[int]) -> int:
    """Older rows with the key of a new one, by rowid, into the temporary table matched; how many they are.

    `newer` are loads whose rows count before those of this one, `again` the earlier loads of the same content.
    """
    contract, new = delivery.contract, delivery.new
    columns = [column.name for column in contract.columns]
    same_row = " and ".join(f"was.{name} is not distinct from new.{name}" for name in [*columns, "extra"])
    old = f"{contract.table} where load_id <> {delivery.load_id}"
    if contract.day in contract.grain:  # only these days can hold the same keys: DuckDB skips the others
        low, high = con.execute(f"select min({contract.day}), max({contract.day}) from {new}").fetchall()[0]
        old += f" and {contract.day} between '{low}' and '{high}'" if low else ""
    if not con.execute(f"select 1 from {old} limit 1").fetchall():  # the join would read all new rows
        old = f"{contract.table} where false"
    names = ", ".join(columns)
    was = f"select rowid, {names}, extra, load_id from {old}"
    if contract.loose and newer:  # a row that a newer one replaced need not have the key of one that counts now
        replaced = f"{contract.history} where list_contains($newer::integer[], load_id)"
        was += f" union all select null, {names}, extra, load_id from {replaced}"
    found = count(
        con,
        f"""create or replace temp table matched as
        select was.rowid as old, new.rowid as new, was.rowid is not null and {same_row} as is_same,
            not is_same and list_contains($newer::integer[], was.load_id) as is_newer
        from ({was}) as was join (select rowid, * from {new}) as new on {contract.same_key("was", "new")}""",
        {"newer": list(newer)},
    )
    if not again:
        return found
    return found + count(
        con,
        f"""insert into matched select was.rowid, null, false, false from {contract.table} as was
        anti join matched on matched.old = was.rowid where list_contains($again::integer[], was.load_id)""",
        {"again": list(again)},
    )


def _into_history(con: Connection, delivery: Delivery, rowids: str) -> int:
    """Move rows of the table into its history; how many they are."""
    table = delivery.contract.table
    con.execute(
        f"insert into {delivery.contract.history} by name "
        f"select *, $now as superseded_at from {table} where rowid in ({rowids})",
        {"now": delivery.loaded_at},
    )
    return count(con, f"delete from {table} where rowid in ({rowids})")
