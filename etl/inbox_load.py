"""One file of the inbox into the table of its contract: stage, set aside, replace, record.

Rows are staged with the number of their fault; staged rows have to be as many as the file has. Then one
transaction sets faulty rows aside, moves the rows that newer ones replace into history, and inserts. A row
that stands unchanged stays as it is, so the same figures delivered again change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from etl.contract import Contract
from etl.inbox_check import BROKEN, REPEATED, Check, check, literal
from etl.inbox_file import Opened
from etl.inbox_rows import FileError
from etl.warehouse import Connection

SOURCE = "inbox"


@dataclass(frozen=True)
class Delivery:
    """A file with its contract: name in the inbox, SHA-256, and what it says."""

    file: str
    content_hash: str
    contract: Contract
    opened: Opened


@dataclass(frozen=True)
class Loaded:
    """What became of the rows of a file: read = loaded + quarantined.

    `replaced` were in the table before; `outdated` are loaded ones that went straight into history.
    """

    read: int
    loaded: int
    quarantined: int
    replaced: int
    outdated: int
    days: frozenset[date]
    first_day: date | None
    last_day: date | None


def choose(columns: Sequence[str], contracts: Sequence[Contract]) -> Contract:
    """The contract that a file with these columns keeps. Raises FileError when none or several fit."""
    needs = {c.name: [column.name for column in c.columns if column.required] for c in contracts}
    shared = {c.name: sum(column.name in columns for column in c.columns) for c in contracts}
    fitting = [c for c in contracts if set(needs[c.name]) <= set(columns)]
    best = [c for c in fitting if shared[c.name] == max(shared[f.name] for f in fitting)]
    if len(best) == 1:
        return best[0]
    shown = ", ".join(columns)[:300]
    if best:
        raise FileError(f"fits {' and '.join(c.name for c in best)} alike, with the columns {shown}")
    nearest = max(contracts, key=lambda c: shared[c.name])
    missing = ", ".join(name for name in needs[nearest.name] if name not in columns)
    raise FileError(f"fits no contract with the columns {shown}; {nearest.name} needs {missing} too")


def stage(
    con: Connection, delivery: Delivery, known: Mapping[str, Sequence[str]], now: datetime, is_demo: bool
) -> Check:
    """Read the file once into the temporary table staged: line, values, extra, fault.

    Raises DatabaseError where DuckDB's reader stumbles, FileError when rows and file do not add up.
    """
    contract, opened = delivery.contract, delivery.opened
    known_names = {column.name for column in contract.columns}
    numbered = enumerate(zip(opened.columns, opened.types, strict=True))
    places = {name: (f"f{number}", kind) for number, (name, kind) in numbered}
    found = check(contract, {k: v for k, v in places.items() if k in known_names}, known, now, is_demo)
    further = [name for name in places if name not in known_names]
    keys = ", ".join(map(literal, further))
    texts = ", ".join(f"{places[name][0]}::varchar" for name in further)
    extra = f"map([{keys}], [{texts}])" if further else "map {}"
    line = "" if opened.is_positional else "line, "
    columns = ", ".join(column.name for column in contract.columns)
    con.execute("drop table if exists staged")
    con.execute(
        f"""create temp table staged as
        select {line}{columns}, {extra}::map(varchar, varchar) as extra, {found.fault} as fault
        from (select *, {", ".join(found.values)} from {opened.scan})"""
    )
    staged = count(con, "select count(*) from staged")
    if staged != opened.rows:
        raise FileError(f"has {opened.rows:,} rows, but {staged:,} were read; deliver it again")
    _mark_repeated(con, contract)
    return found


def _mark_repeated(con: Connection, contract: Contract) -> None:
    """The first of the rows with one key stands. The exact search runs only where keys seem to repeat."""
    grain = ", ".join(contract.grain)
    if count(con, f"select count(*) - count(distinct hash({grain})) from staged where fault = 0"):
        con.execute(
            f"""update staged set fault = {REPEATED} where rowid in (
                select s.rowid from staged as s where s.fault = 0
                qualify row_number() over (partition by {grain} order by s.rowid) > 1)"""
        )


def refusal(con: Connection, found: Check, share: float) -> str:
    """Why the staged file is refused whole, or ''."""
    read, bad = _counts(con)
    if not read:
        return "has a header and no rows"
    if bad <= share * read:
        return ""
    rows = con.execute(
        "select fault, count(*) from staged where fault > 0 group by fault "
        "order by count(*) desc, fault limit 3"
    ).fetchall()
    told = "; ".join(
        f"{number:,} x {found.faults[fault].column} {found.faults[fault].reason}".replace("  ", " ")
        for fault, number in rows
    )
    return f"breaks its contract in {bad:,} of {read:,} rows, more than {share:.0%}: {told}"


def merge(
    con: Connection, delivery: Delivery, found: Check, now: datetime, *, newer: Sequence[str], is_again: bool
) -> Loaded:
    """The staged rows into the table, inside the caller's transaction.

    `newer` are the contents whose rows stand against those of this file (it is read again, and they came
    later); `is_again` takes rows away that this content brought before and that now break the contract.
    """
    contract = delivery.contract
    names, day = ", ".join(column.name for column in contract.columns), contract.day
    line = "rowid + 2" if delivery.opened.is_positional else "line"
    origin = f"extra, $file, $hash, {line}, $now"
    values = {"file": delivery.file, "hash": delivery.content_hash, "now": now}
    days: set[date] = set()
    same = late = replaced = 0
    fresh = "from staged where fault = 0"
    if _meet(con, delivery, newer, is_again=is_again):
        changes = "select m.old from met as m where not m.is_same and not m.is_newer"
        days = _days(con, f"select {day}::date from {contract.table} where rowid in ({changes})")
        con.execute(
            f"""insert into {contract.history} select c.*, $now from {contract.table} as c
            where c.rowid in ({changes})""",
            {"now": now},
        )
        replaced = count(con, f"delete from {contract.table} where rowid in ({changes})")
        late = count(
            con,
            f"""insert into {contract.history} select {names}, {origin}, $now {fresh}
                and rowid in (select m.new from met as m where m.is_newer)""",
            values,
        )
        same = count(con, "select count(*) from met where is_same")
        fresh += " and rowid not in (select m.new from met as m where m.is_same or m.is_newer)"
    days |= _days(con, f"select {day}::date {fresh}")
    inserted = count(con, f"insert into {contract.table} select {names}, {origin} {fresh}", values)
    quarantined = _set_aside(con, delivery, found, line, now)
    read, _ = _counts(con)
    if read != inserted + same + late + quarantined:
        raise RuntimeError(
            f"{delivery.file}: {read:,} rows read, but {inserted:,} inserted, {same:,} unchanged, {late:,} "
            f"outdated, {quarantined:,} set aside; nothing was written, report this"
        )
    span = con.execute(f"select min({day})::date, max({day})::date from staged where fault = 0").fetchall()
    return Loaded(read, read - quarantined, quarantined, replaced, late, frozenset(days), *span[0])


def _meet(con: Connection, delivery: Delivery, newer: Sequence[str], *, is_again: bool) -> int:
    """Rows of the table that staged rows meet, by rowid, into the temporary table met; how many they are."""
    contract = delivery.contract
    same_key = " and ".join(f"c.{name} = s.{name}" for name in contract.grain)
    names = [*(column.name for column in contract.columns), "extra"]
    same_row = " and ".join(f"c.{name} is not distinct from s.{name}" for name in names)
    within = ""
    if contract.day in contract.grain:  # only these days can hold the same keys: DuckDB skips the others
        low, high = con.execute(
            f"select min({contract.day}), max({contract.day}) from staged where fault = 0"
        ).fetchall()[0]
        within = f"and c.{contract.day} between '{low}' and '{high}'" if low else ""
    met = count(
        con,
        f"""create or replace temp table met as
        select c.rowid as old, s.rowid as new, ({same_row}) as is_same,
            not is_same and list_contains($newer::varchar[], c.content_hash) as is_newer
        from {contract.table} as c join staged as s on {same_key} {within} where s.fault = 0""",
        {"newer": list(newer)},
    )
    if is_again:
        met += count(
            con,
            f"""insert into met select c.rowid, null, false, false from {contract.table} as c
            where c.content_hash = $hash and not exists (
                select 1 from staged as s where s.fault = 0 and {same_key})""",
            {"hash": delivery.content_hash},
        )
    return met


def _set_aside(con: Connection, delivery: Delivery, found: Check, line: str, now: datetime) -> int:
    """Faulty rows into audit.quarantine, each with its text as the file has it and what is wrong."""
    if not count(con, "select count(*) from staged where fault > 0"):
        return 0
    faults = found.faults
    return count(
        con,
        f"""insert into audit.quarantine
        select $source, $file, $hash, b.line, nullif(f.column_name, ''), r.raw,
            case when b.fault = {BROKEN} then r.broken else f.reason end, $now, null
        from (select {line} as line, fault from staged where fault > 0) as b
        join (
            select unnest($numbers::integer[]) as number, unnest($columns::varchar[]) as column_name,
                unnest($reasons::varchar[]) as reason) as f on f.number = b.fault
        join {delivery.opened.raw} as r on r.line = b.line
        order by b.line""",
        {
            **{"source": SOURCE, "file": delivery.file, "hash": delivery.content_hash, "now": now},
            "numbers": list(range(len(faults))),
            "columns": [fault.column for fault in faults],
            "reasons": [fault.reason for fault in faults],
        },
    )


def _counts(con: Connection) -> tuple[int, int]:
    row = con.execute("select count(*), count(*) filter (where fault > 0) from staged").fetchall()[0]
    return int(row[0]), int(row[1])


def _days(con: Connection, sql: str) -> set[date]:
    return {row[0] for row in con.execute(f"select distinct day from ({sql}) as d(day)").fetchall()}


def count(con: Connection, sql: str, values: dict[str, Any] | None = None) -> int:
    """The number that a statement answers with: rows it changed, or what it counted."""
    row = con.execute(sql, values).fetchone()
    return int(row[0]) if row else 0
