"""The rows of some days of a table, in SQL: to read no others, to replace them, and to check them alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from etl.build import Check, CriticalFailure
from etl.contract import Contract
from etl.daily_state import PERIOD_END
from etl.quality import CheckResult, Suite
from etl.sqlmodel import Model
from etl.warehouse import Connection

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
        f"select t.{model.daily}, count(*), sum(hash(t)::hugeint) from {model.name} as t "
        f"where {condition} group by 1"
    ).fetchall()
    return {day: (count, total) for day, count, total in rows}


def validate_rows(
    con: Connection, suite: Suite, grain: Sequence[str], condition: str, check: Check, *, shown: str = ""
) -> list[CheckResult]:
    """The results of a suite on the rows `t` of its table that fulfil the condition, told of the table.

    `shown` is the table expression by which a reader finds these rows, where the condition does not tell.
    Inside the caller's transaction. Raises CriticalFailure.
    """
    if condition == EVERYTHING:
        results = check(con, suite, grain)
    else:
        rows = f"select t.* from {suite.table} as t where {condition}"
        kind = "table" if shown else "view"  # each expectation would look for the rows anew
        con.execute(f"create or replace temp {kind} {BATCH} as {rows}")
        found = check(con, replace(suite, table=BATCH), grain)
        results = [_told(result, suite.table, shown or f"({rows})") for result in found]
    if any(result.critical_failure for result in results):
        raise CriticalFailure(results)
    if condition != EVERYTHING:
        con.execute(f"drop {kind} temp.{BATCH}")
    return results


def _told(result: CheckResult, table: str, rows: str) -> CheckResult:
    """A result as a reader can follow it: of the table, with a query that needs no view of ours."""
    query = result.query and re.sub(rf'"?\b{BATCH}\b"?', lambda _: rows, result.query)
    return replace(result, table=table, query=query)
