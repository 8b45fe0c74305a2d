"""Build a table only for the days whose input changed: the cost of a day does not grow with the history.

A model with `-- daily: column, reach, ahead` is a plain query over everything; no second query is written for it. A
row of day d may depend on rows of the days d - reach to d + ahead of the tables with days that it reads, and on no
other rows of them. When the days T of these tables changed, the days T - ahead to T + reach are rebuilt: in the text
each of these tables is replaced by its rows from `reach` days before the first to `ahead` days after the last, and of
what the query then gives, the rows of the days to rebuild replace the old ones. Days far apart are built in several
runs of days.

With `-- daily: column, key` a row is about the earliest day of its grain, such as a buyer's first order, and
`column` is that day. A key without a row, with rows on the changed days, is built from these days alone; a key
whose day is one of them, or later than one of its new rows, is built from all its days. Other keys keep their row.

Everything is built when there is no table yet, when the query changed, or when an input without days did: in runs of
consecutive days, so that memory does not grow with the history and the rows of a day lie next to each other, where
DuckDB skips what a later day does not need. A build is one transaction. The suite runs on the rows that were built:
the others passed when they were built, and a check must not read the history either. All rows are judged again when
the suite changed, or a table without days that it reads. Where no day is due, nothing is made, and no rows are judged
but those that a check warned of.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from etl import basis
from etl.build import BuildResult, all_or_nothing
from etl.checks import run as quality
from etl.checks.run import SuiteRunner
from etl.checks.suite import Suite
from etl.contracts import Contract
from etl.daily.due import (
    EVERYTHING,
    NOTHING,
    Run,
    between,
    column_names,
    dated_inputs,
    day_column,
    days_of,
    due_days,
    in_runs,
    mark_built,
    merged,
    state_of,
    validate_rows,
    wanted_state,
)
from etl.engine import OWN, Engine, Wanted
from etl.errors import MendError
from etl.models.file import Model
from etl.models.graph import create_statements
from etl.models.tree import replace_tables
from etl.publish.origins import note_built
from etl.warehouse import Connection

KEYS = "daily_key"
# The size of a run where everything is built: rows of the inputs, and at least days in multiples of the reach,
# because each run reads the days of its reach once more.
ROWS_AT_ONCE, REACHES_AT_ONCE = 500_000, 5


@dataclass(frozen=True)
class DailyResult(BuildResult):
    """What was built: `rows` of the days `days`, of which `changed_days` differ from before.

    `whole` says that everything was built; `days` are then all days of the table.
    """

    days: tuple[date, ...] = ()
    changed_days: tuple[date, ...] = ()
    whole: bool = False


def build_daily(
    con: Connection,
    model: Model,
    models: Sequence[Model],
    suite: Suite,
    run_id: str,
    *,
    days: Collection[date] = (),
    check: SuiteRunner = quality.run,
    engine: Engine = OWN,
) -> DailyResult:
    """Build the due days of a daily table, and `days` in any case; days that changed become due in its readers.

    The `engine` computes the rows; what is due, and whether it is right, is decided here.

    Raises CriticalFailure when a critical expectation fails and MendError when the SQL does; the table is
    then as it was before and the same days stay due. Results go to audit.expectation_result either way.
    """
    started = time.perf_counter()
    with all_or_nothing(con, model, run_id) as checks:
        exists = column_names(con).get(model.name) == [column.name for column in model.columns]
        whole = not exists or state_of(con, model.name) != wanted_state(con, model, models)
        wanted = due_days(con, model.name) | frozenset(days)
        runs = merged({day + timedelta(n) for day in wanted for n in range(-model.ahead, model.reach + 1)})
        condition = EVERYTHING if whole else _condition(con, model, models, runs)
        before = _content(con, model, condition) if exists else {}
        if whole:
            _build_whole(con, model, models, engine)
        elif runs:
            _rebuild(con, model, models, runs, condition, engine=engine)
        after = _content(con, model, condition)
        if None in after:
            raise MendError(f"{model.path}: {model.daily} is empty in some rows; their day is not known")
        changed = tuple(sorted(d for d in before | after if d and before.get(d) != after.get(d)))
        suite_now = basis.of_suite(con, suite, models, run_id)
        is_judged_anew = whole or basis.kept(con, model.name) != suite_now
        judged = EVERYTHING if is_judged_anew else condition if runs else NOTHING
        runner = quality.asking(check, engine.asked)
        validate_rows(checks, suite, model, judged, runner, shown=model.name if model.by_key else "")
        mark_built(con, model, models, changed)
        note_built(con, model, suite_now)
        con.execute(f"drop table if exists temp.{KEYS}")
    rows = sum(count for count, _ in after.values())
    built = tuple(sorted(day for day in after if day)) if whole or model.by_key else days_of(runs)
    seconds = time.perf_counter() - started
    made = whole or bool(runs)
    return DailyResult(rows, seconds, checks.results, bool(changed), built, changed, whole, made=made)


def _content(con: Connection, model: Model, condition: str) -> dict[date | None, tuple[int, int]]:
    """By day, the number of rows that meet the condition and a hash that does not depend on their order."""
    rows = con.execute(
        f"select t.{model.daily}, count(*), sum(hash(t)::hugeint) from {model.name} as t where {condition} group by 1"
    ).fetchall()
    return {day: (count, total) for day, count, total in rows}


def _condition(con: Connection, model: Model, models: Sequence[Model], runs: Sequence[Run]) -> str:
    """The rows that are built, as a condition on `t`; by key it makes the table of keys first.

    These are the keys without a row so far, which have no rows on other days, and the keys to be built from all
    days: those whose row is of one of the days or later than a new one.
    """
    days = in_runs(model, runs)
    if not model.by_key:
        return days
    names = ", ".join(model.grain)
    new = " union all ".join(
        f"select {names}, t.{day_column(table)}::date as day from {name} as t where {in_runs(table, runs)}"
        for name, table in _keyed(model, models).items()
    )
    con.execute(
        f"""create or replace temp table {KEYS} as
        select {names}, t.{model.daily} is not null as on_all_days
        from (select {names}, min(day) as day from ({new}) group by {names}) as n
        left join {model.name} as t using ({names})
        where t.{model.daily} is null or n.day < t.{model.daily}
        union
        select {names}, true from {model.name} as t where {days}"""
    )
    same = " and ".join(f"k.{name} = t.{name}" for name in model.grain)
    return f"exists (select 1 from {KEYS} as k where {same})"


def _keyed(model: Model, models: Sequence[Model]) -> dict[str, Model | Contract]:
    """The tables with days that a model by key reads, and that have its key."""
    return {
        name: table
        for name, table in dated_inputs(model, models).items()
        if set(model.grain) <= {column.name for column in table.columns}
    }


def _build_whole(con: Connection, model: Model, models: Sequence[Model], engine: Engine) -> None:
    """Make the table anew: at once, or in runs of days where there are many rows.

    Rows without a day are kept, so that build_daily finds and refuses them.
    """
    _, *comments = create_statements(model)
    runs = [] if model.by_key or engine.is_whole_at_once else _runs(con, model, models)
    if len(runs) < 2:
        rows = engine.rows(con, Wanted(model, model.sql))
        con.execute(create_statements(model, rows)[0])
    else:
        con.execute(f"create or replace table {model.name} as select t.* from (\n{model.sql}\n) as t limit 0")
        for run in runs:
            after = "true" if run == runs[0] else f"t.{model.daily} >= date '{run[0]}'"
            before = "true" if run == runs[-1] else f"t.{model.daily} <= date '{run[1]}'"
            _insert(con, model, models, run, f"({after} and {before}) or t.{model.daily} is null", engine=engine)
    for statement in comments:
        con.execute(statement)


def _runs(con: Connection, model: Model, models: Sequence[Model]) -> list[Run]:
    """All days of the inputs, in runs to be built one after the other."""
    counts = " union all ".join(
        f"select {day_column(table)}::date as day, count(*) as n from {name} group by 1"
        for name, table in dated_inputs(model, models).items()
    )
    days = con.execute(f"select day, sum(n) from ({counts}) group by day order by day").fetchall()
    return cut(days, ROWS_AT_ONCE, REACHES_AT_ONCE * (model.reach + model.ahead))


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
    if first and taken:
        runs.append((first, days[-1][0]))
    return runs


def _rebuild(
    con: Connection, model: Model, models: Sequence[Model], runs: Sequence[Run], condition: str, *, engine: Engine
) -> None:
    """Replace the rows of the days, or of the keys, by what the query gives for them now."""
    con.execute(f"delete from {model.name} as t where {condition}")
    if model.by_key:
        rows = engine.rows(con, _of_keys(con, model, models, runs))
        con.execute(f"insert into {model.name} by name select * from (\n{rows}\n)")
        return
    for run in runs:
        _insert(con, model, models, run, between(model, "t", *run), engine=engine)


def _insert(
    con: Connection, model: Model, models: Sequence[Model], run: Run, condition: str, *, engine: Engine
) -> None:
    """Add the rows `t` of the query that meet the condition, computed from the days of the run and those around it.

    In the order of the days: DuckDB then ends a run with one short block at most. Unordered, each thread
    leaves its own, and the next checkpoints merge them, which costs seconds after a large load.
    """
    first, last = run[0] - timedelta(model.reach), run[1] + timedelta(model.ahead)
    dated = dated_inputs(model, models)
    inputs = {
        name: f"(select r.* from {name} as r where {between(table, 'r', first, last)})" for name, table in dated.items()
    }
    text = replace_tables(model.sql, inputs)
    days = {name: [(first, last)] for name in dated}
    rows = engine.rows(con, Wanted(model, text, condition, days, "days"))
    con.execute(f"insert into {model.name} by name select t.* from (\n{rows}\n) as t order by t.{model.daily}")


def _of_keys(con: Connection, model: Model, models: Sequence[Model], runs: Sequence[Run]) -> Wanted:
    """The rows of the keys that are built, from all days only where one of the keys needs it."""
    on_all_days = con.execute(f"select 1 from {KEYS} where on_all_days limit 1").fetchall()
    only = f"semi join temp.{KEYS} using ({', '.join(model.grain)})"
    keyed = _keyed(model, models)
    inputs = {
        name: f"(select t.* from {name} as t {only} where {'true' if on_all_days else in_runs(table, runs)})"
        for name, table in keyed.items()
    }
    days = {} if on_all_days else dict.fromkeys(keyed, runs)
    return Wanted(model, replace_tables(model.sql, inputs), days=days, of="keys")
