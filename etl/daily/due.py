"""Which days are due in the tables that are built day by day, and SQL for the rows of these days.

A day is due in a table when its input changed after the table was built. That is read from the rows: a delivered
row is new when its `loaded_at` is later than the last look, and replaced when the `superseded_at` in its history
is. A run that is killed between its load and its build therefore loses nothing: the next run finds the same
days. Both columns grow with every load and DuckDB skips older blocks, so a look does not read the history.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from etl.checks.run import CheckResult, Checks, SuiteRunner
from etl.checks.suite import Suite
from etl.contracts import CONTRACTS, PERIOD_END, Contract
from etl.daily.mark import make_due
from etl.models.file import SCHEMAS, Model
from etl.models.graph import create_statements
from etl.warehouse import Connection, transaction

DELIVERED = {contract.table: contract for contract in CONTRACTS}
HISTORIES = {contract.history: contract for contract in CONTRACTS}
BEFORE_ALL = "1900-01-01 00:00:00+00"
EVERYTHING, NOTHING = "true", "false"
BATCH = "daily_batch"
MOST_NAMED = 3  # platforms of the rows that broke a check
GAP = 7  # days between two runs of days above which each run has a query of its own
Run = tuple[date, date]


def mark_changed_days(con: Connection, models: Sequence[Model]) -> dict[str, tuple[date, ...]]:
    """Make the days of rows that were added or replaced since the last look due in the tables that read them.

    Returns these days by delivered table, without the tables that did not change; a row with a period counts
    for all its days. Must run in a transaction.
    """
    found: dict[str, tuple[date, ...]] = {}
    for contract in CONTRACTS:
        day = f"{contract.day}::date"
        if PERIOD_END in {column.name for column in contract.columns}:
            day = f"unnest(generate_series({day}, {PERIOD_END}, interval 1 day))::date"
        changed = con.execute(
            f"""
            select day, max(moment) from (
                select {day} as day, loaded_at as moment from {contract.table}
                where loaded_at > $since::timestamptz
                union all
                select {day}, superseded_at from {contract.history} where superseded_at > $since::timestamptz
            )
            group by day order by day
            """,
            {"since": state_of(con, contract.table) or BEFORE_ALL},
        ).fetchall()
        if changed:
            found[contract.table] = tuple(day for day, _ in changed)
            make_due(con, models, {contract.table, contract.history}, found[contract.table])
            _write_state(con, contract.table, f"{max(moment for _, moment in changed)}+00:00")
    return found


def loading_time(con: Connection, now: datetime) -> datetime:
    """`now`, but later than the last load: a clock that was set back would hide new rows."""
    states = [state for table in DELIVERED if (state := state_of(con, table))]
    return max([now, *(datetime.fromisoformat(state) + timedelta(microseconds=1) for state in states)])


def due_days(con: Connection, table: str) -> frozenset[date]:
    """The days whose input changed since the table was built."""
    rows = con.execute("select day from raw.daily_due where table_name = ?", [table]).fetchall()
    return frozenset(day for (day,) in rows)


def mark_built(con: Connection, model: Model, models: Sequence[Model], changed: Sequence[date]) -> None:
    """Record that no day is due in `model` any more, and that the days that changed are due in its readers.

    Must run in the transaction that built the table.
    """
    con.execute("delete from raw.daily_due where table_name = ?", [model.name])
    make_due(con, models, {model.name}, changed)
    _write_state(con, model.name, wanted_state(con, model, models))


def create_unbuilt(con: Connection, models: Sequence[Model]) -> None:
    """Create the missing tables that depend on delivered data, so that queries that name them run.

    They have no rows until they are built; one that moved here from another schema gets the rows it had there.
    """
    existing = column_names(con)
    made = tables_from_deliveries(models)
    others = (name.partition(".") for name in existing.keys() - {model.name for model in models})
    former = {table: f"{schema}.{table}" for schema, _, table in others if schema in SCHEMAS}
    missing = [model for model in models if model.name in made and model.name not in existing]
    if not missing:
        return
    with transaction(con):
        for model in missing:
            columns = ", ".join(f'"{column.name}" {column.type}' for column in model.columns)
            con.execute(f"create table {model.name} ({columns})")
            before = former.get(model.table, "")
            if existing.get(before) == [column.name for column in model.columns]:
                con.execute(f"insert into {model.name} by name from {before}")
            for statement in create_statements(model):
                if statement.startswith("comment on"):
                    con.execute(statement)


def column_names(con: Connection) -> dict[str, list[str]]:
    """The columns of every table, in order, by schema.table."""
    return dict(
        con.execute(
            "select schema_name || '.' || table_name, list(column_name order by column_index) "
            "from duckdb_columns() where database_name = current_database() group by all"
        ).fetchall()
    )


def tables_from_deliveries(models: Sequence[Model]) -> frozenset[str]:
    """The tables that are made from delivered data, directly or through others; `models` in their order."""
    made: set[str] = set()
    for model in models:
        if not model.is_macro and not (DELIVERED.keys() | HISTORIES | made).isdisjoint(model.reads):
            made.add(model.name)
    return frozenset(made)


def dated_inputs(model: Model, models: Sequence[Model]) -> dict[str, Model | Contract]:
    """The tables with days that a model reads: delivered ones, their histories, and daily ones."""
    known: dict[str, Model | Contract] = {**DELIVERED, **HISTORIES, **{m.name: m for m in models if m.daily}}
    return {read: known[read] for read in model.reads if read in known}


def wanted_state(con: Connection, model: Model, models: Sequence[Model]) -> str:
    """A hash of the query and of the content of the inputs without days; when it changes, everything is built."""
    parts: list[object] = [model.sql, model.daily, model.reach, model.by_key, *([model.ahead] if model.ahead else [])]
    for table in sorted(set(model.reads) - set(dated_inputs(model, models))):
        parts.append((table, con.execute(f"select sum(hash(t)::hugeint)::varchar from {table} as t").fetchall()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def state_of(con: Connection, table: str) -> str | None:
    """The recorded state: of a delivered table the time of its last change, of a built one its `wanted_state`."""
    rows = con.execute("select state from raw.daily_state where table_name = ?", [table]).fetchall()
    return str(rows[0][0]) if rows else None


def _write_state(con: Connection, table: str, state: str) -> None:
    con.execute("delete from raw.daily_state where table_name = ?", [table])
    con.execute("insert into raw.daily_state (table_name, state) values (?, ?)", [table, state])


def merged(days: Iterable[date]) -> list[Run]:
    """Runs of days, first and last, that hold all of `days`; those at most GAP days apart are one."""
    runs: list[Run] = []
    for day in sorted(set(days)):
        if runs and (day - runs[-1][1]).days <= GAP:
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    return runs


def days_of(runs: Iterable[Run]) -> tuple[date, ...]:
    """All days of the runs."""
    return tuple(first + timedelta(n) for first, last in runs for n in range((last - first).days + 1))


def day_column(table: Model | Contract) -> str:
    """The column with the day of a row."""
    return table.day if isinstance(table, Contract) else table.daily or ""


def between(table: Model | Contract, alias: str, first: date, last: date) -> str:
    """The condition that a row belongs to the days; a row with a period belongs to those that it overlaps.

    With constants, so that DuckDB skips the blocks of other days.
    """
    if isinstance(table, Model):
        return f"{alias}.{table.daily} between date '{first}' and date '{last}'"
    if any(column.name == PERIOD_END for column in table.columns):
        return f"{alias}.{table.day} <= date '{last}' and {alias}.{PERIOD_END} >= date '{first}'"
    after = last + timedelta(1)
    return f"{alias}.{table.day} >= '{first}' and {alias}.{table.day} < '{after}'"


def in_runs(table: Model | Contract, runs: Sequence[Run]) -> str:
    """The condition that a row `t` belongs to one of the runs of days."""
    return " or ".join(f"({between(table, 't', *run)})" for run in runs) or NOTHING


def validate_rows(
    checks: Checks, suite: Suite, table: Model | Contract, condition: str, check: SuiteRunner, *, shown: str = ""
) -> None:
    """Run a suite on the rows `t` of its table that meet the condition; its results name the table.

    Rows of the days on which a check warned are judged again each time, and so are checks that read other tables
    alone: what was told stays told until it holds. `shown` is the table expression by which a reader finds these
    rows, where the condition cannot be used. Raises CriticalFailure.
    """
    con, name = checks.con, suite.table
    warned = con.execute("select distinct day from raw.daily_warned where table_name = ?", [name]).fetchall()
    con.execute("delete from raw.daily_warned where table_name = ?", [name])
    if condition == EVERYTHING:
        checks.add(_keep_warned(con, name, table, check(con, suite, table.grain), name))
        return
    if warned:
        condition = f"({condition}) or ({in_runs(table, merged(day for (day,) in warned))})"
    elif condition == NOTHING:
        suite = replace(suite, expectations=tuple(one for one in suite.expectations if not one.is_about_batch))
        if not suite.expectations:
            return
    rows = f"select t.* from {name} as t where {condition}"
    kind = "table" if shown else "view"  # with a condition by key each expectation would look for the rows anew
    con.execute(f"create or replace temp {kind} {BATCH} as {rows}")
    found = _keep_warned(con, name, table, check(con, replace(suite, table=BATCH), table.grain), BATCH)
    checks.add([_of_table(result, name, shown or f"({rows})") for result in found])
    con.execute(f"drop {kind} temp.{BATCH}")


def _keep_warned(
    con: Connection, name: str, table: Model | Contract, found: Sequence[CheckResult], batch: str
) -> list[CheckResult]:
    """Note the days of the rows that broke a check; where its query does not show them, all days that were judged.

    Returns the results, each with the place of these rows.
    """
    placed = list(found)
    for number, result in enumerate(found):
        if not result.success and not result.exception:
            rows = f"(\n{(result.query or '').rstrip('; ')}\n)"
            described = con.execute(f"describe from {rows}").fetchall() if result.query else []
            shown, day = {column for column, *_ in described}, day_column(table)
            con.execute(
                f"insert into raw.daily_warned select distinct $table, {day}::date "
                f"from {rows if day in shown else batch} as t where {day} is not null",
                {"table": name},
            )
            if {"platform", day} <= shown:
                placed[number] = replace(result, place=_place(con, rows, day, has_load="load_id" in shown))
    return placed


def _place(con: Connection, rows: str, day: str, *, has_load: bool) -> str:
    """The platforms of rows, each with its first day and, where the rows are as delivered, the file of that day."""
    file, join = "null", ""
    if has_load:
        file = f"min_by(l.file, ({day}, l.file))"
        join = "left join (select load_id, min(file) as file from audit.load group by load_id) as l using (load_id)"
    found = con.execute(
        f"select t.platform, min({day})::date::varchar, {file} from {rows} as t {join} group by 1 order by 2, 1"
    ).fetchall()
    named = [f"{platform} from {first}{f' in {file}' if file else ''}" for platform, first, file in found]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return ", ".join(named[:MOST_NAMED]) + more


def _of_table(result: CheckResult, table: str, rows: str) -> CheckResult:
    """The result with the name of the table and a query that a reader can run, without the temporary view."""
    query = result.query and re.sub(rf'"?\b{BATCH}\b"?', lambda _: rows, result.query)
    return replace(result, table=table, query=query)
