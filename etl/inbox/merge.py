"""The rows of a load in the place of the older ones with the same keys, which go into history.

A row that stands unchanged stays as it is, so the same figures delivered again change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from etl.contracts import Contract
from etl.inbox.delivery import Delivery, Load, count, same_key
from etl.warehouse import Connection, WarehouseError


@dataclass(frozen=True)
class Merged:
    """What became of the sound rows of a file, and the days that changed.

    `replaced` were in the table before; `outdated` went straight into history. `first_day` and `last_day` are
    those of the file.
    """

    replaced: int
    outdated: int
    days: frozenset[date]
    first_day: date | None
    last_day: date | None


def merge(
    con: Connection, delivery: Delivery, load: Load, rows: int, *, newer: Sequence[int], again: Sequence[int]
) -> Merged:
    """Put the `rows` rows of the load in the place of older ones, inside the caller's transaction.

    `newer` are loads whose rows stand against those of this one (the file is read again, and they came
    later); `again` the earlier loads of the same content: what they brought and this one does not goes.
    """
    contract = delivery.contract
    mine = f"{contract.table} where {load.rows}"
    day = f"{contract.day}::date"
    span = con.execute(f"select min({day}), max({day}) from {mine}").fetchall()[0]
    met = _meet(con, contract, load, newer, again)
    days: set[date] = set()
    replaced = outdated = same = 0
    if met:
        old = "select m.old from met as m where not m.is_same and not m.is_newer"
        days = _days(con, f"select {day} from {contract.table} where rowid in ({old})")
        replaced = _into_history(con, contract, old, load)
        outdated = _into_history(con, contract, "select m.new from met as m where m.is_newer", load)
        unchanged = "select m.new from met as m where m.is_same"
        same = count(con, f"delete from {contract.table} where rowid in ({unchanged})")
    stand = count(con, f"select count(*) from {mine}")
    if rows != stand + outdated + same:
        raise WarehouseError(
            f"{delivery.file}: {rows:,} rows were brought, but {stand:,} stand, {same:,} are unchanged and "
            f"{outdated:,} outdated; nothing was written, report this"
        )
    con.execute("drop table met")
    return Merged(replaced, outdated, frozenset(days | _days(con, f"select {day} from {mine}")), *span)


def _meet(con: Connection, contract: Contract, load: Load, newer: Sequence[int], again: Sequence[int]) -> int:
    """Older rows with the key of a new one, by rowid, into the temporary table met; how many they are."""
    names = [*(column.name for column in contract.columns), "extra"]
    same_row = " and ".join(f"c.{name} is not distinct from s.{name}" for name in names)
    new = f"(select rowid, * from {contract.table} where {load.rows})"
    within = ""
    if contract.day in contract.grain:  # only these days can hold the same keys: DuckDB skips the others
        low, high = con.execute(f"select min({contract.day}), max({contract.day}) from {new}").fetchall()[0]
        if low:
            within = f"and {contract.day} between '{low}' and '{high}'"
    old = f"(select rowid, * from {contract.table} where load_id <> {load.load_id} {within})"
    if not con.execute(f"select 1 from {old} limit 1").fetchall():  # the join would read all new rows
        old = f"(select rowid, * from {contract.history} limit 0)"
    met = count(
        con,
        f"""create or replace temp table met as
        select c.rowid as old, s.rowid as new, ({same_row}) as is_same,
            not is_same and list_contains($newer::integer[], c.load_id) as is_newer
        from {old} as c join {new} as s on {same_key(contract, "c", "s")}""",
        {"newer": list(newer)},
    )
    if again:
        met += count(
            con,
            f"""insert into met select c.rowid, null, false, false from {contract.table} as c
            where list_contains($again::integer[], c.load_id)
            and not exists (select 1 from {new} as s where {same_key(contract, "c", "s")})""",
            {"again": list(again)},
        )
    return met


def _into_history(con: Connection, contract: Contract, rowids: str, load: Load) -> int:
    """Move rows of the table into its history; how many they are."""
    con.execute(
        f"insert into {contract.history} select c.*, $now from {contract.table} as c where c.rowid in ({rowids})",
        {"now": load.now},
    )
    return count(con, f"delete from {contract.table} where rowid in ({rowids})")


def _days(con: Connection, sql: str) -> set[date]:
    return {row[0] for row in con.execute(f"select distinct day from ({sql}) as d(day)").fetchall()}
