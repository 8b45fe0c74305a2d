"""What is due in the tables that are built day by day: which days of their input changed since.

Told from the rows themselves, not from what a load says of itself: a delivered row came after the last look
(`loaded_at`) or was replaced after it (`superseded_at` in its history). So a run that was killed between
its load and its build leaves nothing behind; the next one finds the same days. Both columns grow with every
load, and DuckDB skips the blocks that are older, so that a look does not read the history.

The rows of some days of a table, in SQL: to read no others, to replace them, and to check them alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from etl.checks.run import CheckResult, Checks, SuiteRunner
from etl.checks.suite import Suite
from etl.contracts import CONTRACTS, Contract
from etl.models.file import SCHEMAS, Model
from etl.models.graph import create_statements
from etl.warehouse import Connection

DELIVERED = {contract.table: contract for contract in CONTRACTS}
PERIOD_END = "period_end"
BEFORE_ALL = "1900-01-01 00:00:00+00"


def note_news(con: Connection, models: Sequence[Model]) -> dict[str, tuple[date, ...]]:
    """Make the days of rows that came or went since the last look due in the tables that read them.

    Returns these days, by delivered table, with no entry for one without news; a row with a period counts
    for all its days. Belongs into a transaction.
    """
    found: dict[str, tuple[date, ...]] = {}
    for table, contract in DELIVERED.items():
        since = state_of(con, table) or BEFORE_ALL
        days = _news(con, contract, since)
        if days:
            found[table] = days
            read_by = [*readers(table, models), *readers(contract.history, models)]
            make_due(con, dict.fromkeys(read_by), days)
            _write_state(con, table, str(_newest(con, contract, since)))
    return found


def loading_time(con: Connection, now: datetime) -> datetime:
    """`now`, or the next moment after the last load, for a clock that was set back would hide new rows."""
    last = [state for table in DELIVERED if (state := state_of(con, table))]
    return max([now, *(datetime.fromisoformat(state) + timedelta(microseconds=1) for state in last)])


def due(con: Connection, table: str) -> frozenset[date]:
    """The days whose input changed since the table was built."""
    rows = con.execute("select distinct day from raw.daily_due where table_name = ?", [table]).fetchall()
    return frozenset(day for (day,) in rows)


def settle(con: Connection, model: Model, models: Sequence[Model], changed: Iterable[date]) -> None:
    """Nothing is due in `model` any more; the days that changed are due in its readers.

    Belongs into the transaction that built it.
    """
    con.execute("delete from raw.daily_due where table_name = ?", [model.name])
    make_due(con, readers(model.name, models), changed)
    _write_state(con, model.name, wanted_state(con, model, models))


def stand_in(con: Connection, models: Sequence[Model]) -> None:
    """Make the tables that rest on deliveries and are not there yet, for whoever reads them.

    Such a table has no rows until it is built, unless it moved here from another schema: those it had there.
    """
    there = dict(
        con.execute(
            "select schema_name || '.' || table_name, list(column_name order by column_index) "
            "from duckdb_columns() where database_name = current_database() group by all"
        ).fetchall()
    )
    stale = [name.partition(".") for name in there.keys() - {model.name for model in models}]
    moved = {table: f"{schema}.{table}" for schema, _, table in stale if schema in SCHEMAS}
    resting = rest_on_deliveries(models)
    for model in models:
        if model.name in resting and model.name not in there:
            columns = ", ".join(f'"{column.name}" {column.type}' for column in model.columns)
            con.execute(f"create table {model.name} ({columns})")
            before = moved.get(model.table, "")
            if there.get(before) == [column.name for column in model.columns]:
                con.execute(f"insert into {model.name} by name from {before}")
            for statement in create_statements(model):
                if statement.startswith("comment on"):
                    con.execute(statement)


def rest_on_deliveries(models: Sequence[Model]) -> frozenset[str]:
    """The tables made from what teams deliver, straight or through others; `models` in their order."""
    found = {*DELIVERED, *(contract.history for contract in DELIVERED.values())}
    for model in models:
        if not model.is_macro and found & set(model.reads):
            found.add(model.name)
    return frozenset(found & {model.name for model in models})


def make_due(con: Connection, tables: Iterable[str], days: Iterable[date]) -> None:
    """Write the days down as due in the tables."""
    listed = sorted(set(days))
    for table in tables:
        con.execute("insert into raw.daily_due (table_name, day) select ?, unnest(?::date[])", [table, listed])


def readers(table: str, models: Sequence[Model]) -> list[str]:
    """The daily tables that read this one."""
    return [model.name for model in models if model.daily and table in model.reads]


def dated_inputs(model: Model, models: Sequence[Model]) -> dict[str, Model | Contract]:
    """The tables with days that a model reads: delivered ones, their histories, and daily ones."""
    by_name: dict[str, Model | Contract] = {m.name: m for m in models if m.daily}
    histories = {contract.history: contract for contract in DELIVERED.values()}
    known = DELIVERED | histories | by_name
    return {read: known[read] for read in model.reads if read in known}


def wanted_state(con: Connection, model: Model, models: Sequence[Model]) -> str:
    """A hash of the query, its columns and the content of the inputs without days: another, all is built."""
    told: list[object] = [model.sql, model.daily, model.reach, model.by_key]
    dated = dated_inputs(model, models)
    for table in sorted(set(model.reads) - set(dated)):
        told.append((table, con.execute(f"select sum(hash(t)::hugeint)::varchar from {table} as t").fetchall()))
    return hashlib.sha256(repr(told).encode()).hexdigest()


def state_of(con: Connection, table: str) -> str | None:
    """How far the table has come; None for one that was never looked at."""
    rows = con.execute("select state from raw.daily_state where table_name = ?", [table]).fetchall()
    return str(rows[0][0]) if rows else None


def _write_state(con: Connection, table: str, state: str) -> None:
    con.execute("delete from raw.daily_state where table_name = ?", [table])
    con.execute("insert into raw.daily_state (table_name, state) values (?, ?)", [table, state])


def _news(con: Connection, contract: Contract, since: str) -> tuple[date, ...]:
    """The days of rows that came or were replaced after `since`, in order."""
    day = f"{contract.day}::date"
    if PERIOD_END in {column.name for column in contract.columns}:
        day = f"unnest(generate_series({day}, {PERIOD_END}, interval 1 day))::date"
    rows = con.execute(
        f"""
        select {day} as day from {contract.table} where loaded_at > $since::timestamptz
        union
        select {day} from {contract.history} where superseded_at > $since::timestamptz
        order by 1
        """,
        {"since": since},
    ).fetchall()
    return tuple(day for (day,) in rows)


def _newest(con: Connection, contract: Contract, since: str) -> datetime:
    ((newest,),) = con.execute(
        f"""
        select max(moment) from (
            select max(loaded_at) as moment from {contract.table} where loaded_at > $since::timestamptz
            union all
            select max(superseded_at) from {contract.history} where superseded_at > $since::timestamptz
        )
        """,
        {"since": since},
    ).fetchall()
    assert isinstance(newest, datetime)  # noqa: S101 (there were rows)
    return newest


EVERYTHING = "true"
BATCH = "daily_batch"
GAP = 7  # days between two runs of days that are rather built along than by a query of their own
Run = tuple[date, date]


def merged(days: Iterable[date], gap: int = GAP) -> list[Run]:
    """Runs of days, first and last, that hold all of `days`; those at most `gap` days apart are one."""
    runs: list[Run] = []
    for day in sorted(set(days)):
        if runs and (day - runs[-1][1]).days <= gap:
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    return runs


def cut(days: Sequence[tuple[date, int]], rows: int, least: int) -> list[Run]:
    """Runs of days, first and last, with about `rows` rows and at least `least` days; `days` has rows by day.

    They follow one another without a gap.
    """
    runs: list[Run] = []
    first, taken = None, 0
    for day, number in days:
        first, taken = first or day, taken + number
        if taken >= rows and (day - first).days + 1 >= least:
            runs.append((first, day))
            first, taken = day + timedelta(1), 0
    if taken:
        assert first  # noqa: S101 (there were days)
        runs.append((first, days[-1][0]))
    return runs


def days_of(runs: Iterable[Run]) -> tuple[date, ...]:
    """All days of the runs."""
    return tuple(first + timedelta(n) for first, last in runs for n in range((last - first).days + 1))


def restricted(name: str, table: Model | Contract, first: date, last: date) -> str:
    """A table expression: the rows of a table with days, from the first to the last."""
    return f"(select r.* from {name} as r where {between(table, 'r', first, last)})"


def between(table: Model | Contract, alias: str, first: date, last: date) -> str:
    """That a row belongs to the days; one with a period where it overlaps them.

    With constants, so that DuckDB skips the blocks of other days.
    """
    if isinstance(table, Model):
        return f"{alias}.{table.daily} between date '{first}' and date '{last}'"
    if any(column.name == PERIOD_END for column in table.columns):
        return f"{alias}.{table.day} <= date '{last}' and {alias}.{PERIOD_END} >= date '{first}'"
    after = last + timedelta(1)
    return f"{alias}.{table.day} >= '{first}' and {alias}.{table.day} < '{after}'"


def in_runs(table: Model | Contract, runs: Sequence[Run]) -> str:
    """That a row `t` belongs to one of the runs of days."""
    return " or ".join(f"({between(table, 't', *run)})" for run in runs) or "false"


def content(con: Connection, model: Model, condition: str) -> dict[date | None, tuple[int, int]]:
    """Rows, and a hash that their order leaves alone, of each day among the rows that are built."""
    rows = con.execute(
        f"select t.{model.daily}, count(*), sum(hash(t)::hugeint) from {model.name} as t where {condition} group by 1"
    ).fetchall()
    return {day: (count, total) for day, count, total in rows}


def validate_rows(
    checks: Checks,
    suite: Suite,
    grain: Sequence[str],
    condition: str,
    check: SuiteRunner,
    *,
    shown: str = "",
) -> None:
    """Run a suite on the rows `t` of its table that fulfil the condition; its results name the table.

    `shown` is the table expression by which a reader finds these rows, where the condition does not tell.
    Raises CriticalFailure.
    """
    if condition == EVERYTHING:
        checks.validate(suite, grain, check)
        return
    rows = f"select t.* from {suite.table} as t where {condition}"
    kind = "table" if shown else "view"  # each expectation would look for the rows anew
    checks.con.execute(f"create or replace temp {kind} {BATCH} as {rows}")
    found = check(checks.con, replace(suite, table=BATCH), grain)
    checks.add([_told(result, suite.table, shown or f"({rows})") for result in found])
    checks.con.execute(f"drop {kind} temp.{BATCH}")


def _told(result: CheckResult, table: str, rows: str) -> CheckResult:
    """A result as a reader can follow it: of the table, with a query that needs no view of ours."""
    query = result.query and re.sub(rf'"?\b{BATCH}\b"?', lambda _: rows, result.query)
    return replace(result, table=table, query=query)
