"""Whether a key stands twice among the rows of a load.

The rows of one file of the inbox into the table of its contract, and those at fault into quarantine.

All is one transaction of the caller. Rows with the form of their columns go straight from DuckDB's reader
into the table; its rules, and that no key stands twice, are asked of the table then. Only where something is
wrong is the file read again: with each row held to the rules, and for the lines and faults of those that
break them. As many rows have to be in the table and in quarantine as the file has. etl/inbox_merge.py puts
them in the place of older ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.contracts import MONEY, Contract
from etl.files.records import FileError
from etl.inbox.check import BROKEN, REPEATED, RowRules, check, literal
from etl.inbox.delivery import (
    NO_ROOM,
    SOURCE,
    BrokenRulesError,
    Delivery,
    Load,
    MisreadError,
    Terms,
    count,
    same_key,
)
from etl.inbox.open import Opened
from etl.warehouse import Connection, DatabaseError

# Rows among which a repeated key is looked for at once, parts at most, and how many side by side.
PART, PARTS, ASIDE = 150_000, 256, 8


def is_repeated(con: Connection, contract: Contract, load: Load, rows: int) -> bool:
    """Whether rows of the load seem to have the same key; looked for in runs of days where a key has a day.

    What a run has to remember fits into a processor's cache, and some are gone through side by side.
    """
    question = f"select count(*) - count(distinct hash({', '.join(contract.grain)})) from {contract.table}"
    runs = [load.rows]
    if contract.day in contract.grain and rows > PART:
        runs = [f"{load.rows} and {run}" for run in _runs(con, contract, load, max(PART, rows // PARTS))]
    for number in range(0, len(runs), ASIDE):
        asked = " union all ".join(f"{question} where {run}" for run in runs[number : number + ASIDE])
        if count(con, f"select sum(n) from ({asked}) as q(n)"):
            return True
    return False


def _runs(con: Connection, contract: Contract, load: Load, size: int) -> Iterator[str]:
    """Conditions that cut the rows of the load into runs of days with about `size` rows."""
    days = con.execute(
        f"select {contract.day}, count(*) from {contract.table} where {load.rows} group by 1 order by 1"
    ).fetchall()
    first, taken = None, 0
    for day, number in days:
        first, taken = first or day, taken + number
        if taken >= size or day == days[-1][0]:
            yield f"{contract.day} between '{first}' and '{day}'"
            first, taken = None, 0


ANY_ORDER, IN_ORDER = "set preserve_insertion_order = false", "reset preserve_insertion_order"


def bring_in(con: Connection, delivery: Delivery, load: Load, terms: Terms, *, is_strict: bool) -> int:
    """Sound rows into the table beside the older ones, the others into quarantine; how many these are.

    With `is_strict` each row is held to the rules while it is read, which costs more than to ask the table.
    Raises BrokenRulesError without it when a rule is broken, MisreadError, FileError when the file is
    refused, DatabaseError when there is no room.
    """
    contract, opened = delivery.contract, delivery.opened
    if not opened.rows:
        raise FileError("has a header and no rows")
    scan, types = opened.scan, opened.types
    if opened.quick:
        types = tuple(_quick_type(contract, name) for name in opened.columns)
        scan = opened.quick(types)
    found = _check(delivery, types, load, terms)
    is_sound = f"{found.fault} = 0" if is_strict else found.has_form
    inserted = _insert(con, delivery, load, f"{_rows(scan, found)} where {is_sound}", "")
    if not is_strict and _is_broken(con, contract, load, found):
        raise BrokenRulesError
    repeats = is_repeated(con, contract, load, inserted)
    if inserted == opened.rows and not repeats:
        return 0
    exact = _check(delivery, opened.types, load, terms)
    _find_faults(con, opened, exact)
    if repeats:
        inserted -= _keep_first(con, delivery, load, exact)
    quarantined = count(con, "select count(*) from fault")
    if inserted + quarantined != opened.rows:
        told = f"has {opened.rows:,} rows, but {inserted + quarantined:,} were read; deliver it again"
        raise MisreadError(told)
    if quarantined > terms.bad_share * opened.rows:
        raise FileError(_refusal(con, exact, opened.rows, terms.bad_share))
    _set_aside(con, delivery, load, exact)
    con.execute("drop table fault")
    return quarantined


def _quick_type(contract: Contract, name: str) -> str:
    """The type by which DuckDB's reader reads a field well: counts too, for as such it would round them."""
    kind = {column.name: column.type for column in contract.columns}.get(name)
    return MONEY if kind in (MONEY, "bigint") else "varchar"


def _check(delivery: Delivery, types: Sequence[str], load: Load, terms: Terms) -> RowRules:
    fields = {name: (f"f{n}", types[n]) for n, name in enumerate(delivery.opened.columns)}
    names = {column.name for column in delivery.contract.columns}
    fields = {name: field for name, field in fields.items() if name in names}
    return check(delivery.contract, fields, terms.known, load.now, terms.is_demo)


def _rows(scan: str, found: RowRules) -> str:
    """The rows of a reading with the contract's columns beside the fields."""
    return f"(select *, {', '.join(found.values)} from {scan})"


def _insert(con: Connection, delivery: Delivery, load: Load, rows: str, more: str) -> int:
    """Insert rows that have the fields of the file and the columns of its contract; how many they are.

    In any order: the table has none, and DuckDB need not hold back what it has read. After an error the
    caller has to see to IN_ORDER, behind the end of the transaction.
    """
    contract, names = delivery.contract, {column.name for column in delivery.contract.columns}
    further = {f"f{n}": name for n, name in enumerate(delivery.opened.columns) if name not in names}
    keys, texts = ", ".join(map(literal, further.values())), ", ".join(f"{f}::varchar" for f in further)
    extra = f"map([{keys}], [{texts}])" if further else "map {}"
    columns = ", ".join(column.name for column in contract.columns)
    con.execute(ANY_ORDER)
    try:
        inserted = count(
            con,
            f"""insert into {contract.table}
            select {columns}, {extra}::map(varchar, varchar), {load.load_id}, $now from {rows} {more}""",
            {"now": load.now},
        )
    except DatabaseError as error:
        raise _misread(error) from error
    con.execute(IN_ORDER)
    return inserted


def _misread(error: DatabaseError) -> Exception:
    """What an error means of a statement that reads the file."""
    return error if NO_ROOM.search(str(error)) else MisreadError(str(error).splitlines()[0][:300])


def _is_broken(con: Connection, contract: Contract, load: Load, found: RowRules) -> bool:
    """Whether rows of the load break a rule, in one question: DuckDB skips blocks that cannot break one."""
    asked = " union all ".join(
        f"(select 1 from {contract.table} where {load.rows} and ({screen}) and ({rule.breaks}) limit 1)"
        for rule in found.rules
        for screen in rule.screens
    )
    return bool(con.execute(asked).fetchall())


def _find_faults(con: Connection, opened: Opened, exact: RowRules) -> None:
    """Line and fault of the rows that break a form or a rule, into the temporary table fault.

    Where each line is a row, their places in a table tell the lines: to number rows, DuckDB reads the file
    on one thread.
    """
    con.execute("drop table if exists fault")
    try:
        if opened.is_plain_csv:
            rows = _rows(opened.scan, exact)
            con.execute(f"create or replace temp table verdict as select {exact.fault} as fault from {rows}")
            lines = "select row_number() over () + 1 as line, fault from verdict"
            con.execute(f"create temp table fault as select line, fault from ({lines}) where fault > 0")
            con.execute("drop table verdict")
        else:
            rows = f"select line, {exact.fault} as fault from {_rows(opened.numbered, exact)}"
            con.execute(f"create temp table fault as select line, fault from ({rows}) where fault > 0")
    except DatabaseError as error:
        raise _misread(error) from error


def _keep_first(con: Connection, delivery: Delivery, load: Load, exact: RowRules) -> int:
    """Of rows with the same key the first of the file stands, the others are at fault; how many they are."""
    contract, grain = delivery.contract, ", ".join(delivery.contract.grain)
    con.execute(
        f"""create or replace temp table repeated as
        select {grain} from {contract.table} where {load.rows} group by {grain} having count(*) > 1"""
    )
    rows = _rows(delivery.opened.numbered, exact)
    is_key = f"exists (select 1 from repeated as k where {same_key(contract, 'k', 'r')})"
    try:
        con.execute(
            f"create or replace temp table repeating as select * from {rows} as r where {exact.fault} = 0 and {is_key}"
        )
    except DatabaseError as error:
        raise _misread(error) from error
    place = f"qualify row_number() over (partition by {grain} order by line)"
    later = count(con, f"insert into fault select line, {REPEATED} from repeating {place} > 1")
    con.execute(f"delete from {contract.table} as r where {load.rows} and {is_key}")
    _insert(con, delivery, load, "repeating", f"{place} = 1")
    con.execute("drop table repeated")
    con.execute("drop table repeating")
    return later


def _refusal(con: Connection, exact: RowRules, read: int, share: float) -> str:
    rows = con.execute(
        "select fault, count(*) from fault group by fault order by count(*) desc, fault limit 3"
    ).fetchall()
    bad = count(con, "select count(*) from fault")
    told = "; ".join(
        f"{number:,} x {exact.faults[fault].column} {exact.faults[fault].reason}".replace("  ", " ")
        for fault, number in rows
    )
    return f"breaks its contract in {bad:,} of {read:,} rows, more than {share:.0%}: {told}"


def _set_aside(con: Connection, delivery: Delivery, load: Load, exact: RowRules) -> None:
    """Faulty rows into audit.quarantine, each with its text as the file has it and what is wrong."""
    con.execute(
        f"""insert into audit.quarantine
        select $source, $file, $hash, b.line, nullif(f.column_name, ''), r.raw,
            case when b.fault = {BROKEN} then r.broken else f.reason end, $now, null
        from fault as b
        join (
            select unnest($numbers::integer[]) as number, unnest($columns::varchar[]) as column_name,
                unnest($reasons::varchar[]) as reason) as f on f.number = b.fault
        join {delivery.opened.raw} as r on r.line = b.line
        order by b.line""",
        {
            **{"source": SOURCE, "file": delivery.file, "hash": delivery.content_hash, "now": load.now},
            "numbers": list(range(len(exact.faults))),
            "columns": [fault.column for fault in exact.faults],
            "reasons": [fault.reason for fault in exact.faults],
        },
    )
