"""Build one SQL model: create it, validate it on the same connection, commit, or keep the last good rows.

Table, twin, comments, checks and what Python computes for a model are one transaction. The results of the checks are
recorded in a transaction of their own afterwards, so that the reasons of a rollback are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module

from etl import basis
from etl.checks.run import CheckResult, Checks, SuiteRunner, asking, checked, run
from etl.checks.suite import Suite
from etl.contracts import contract_tables
from etl.engine import OWN, Engine, Wanted
from etl.errors import MendError
from etl.models.file import SCHEMAS, Model
from etl.models.graph import create_statements, macros_of
from etl.publish.origins import note_built
from etl.warehouse import Connection, DatabaseError, MemoryShortage, transaction


@dataclass(frozen=True)
class BuildResult:
    """One model that was built: `rows` of its table (0 for a macro) and how long it took.

    `changed` says whether rows, columns or, for a macro, its definition differ from before; `made` is false where the
    table was left as it is, because it and all that it is made from are the same.
    """

    rows: int
    seconds: float
    checks: list[CheckResult]
    changed: bool
    made: bool = field(default=True, kw_only=True)


@contextmanager
def all_or_nothing(con: Connection, model: Model, run_id: str) -> Iterator[Checks]:
    """One transaction for a model, with its checks, which are recorded after a commit and after a rollback.

    Raises CriticalFailure as the block does, and MendError with the name of the file for a database error.
    """
    try:
        with checked(con, run_id) as checks:
            yield checks
    except DatabaseError as error:
        fix = "; give it more with WAREHOUSE_MEMORY" if isinstance(error, MemoryShortage) else ""
        raise MendError(f"{model.path}: {error}{fix}") from error


def create_vocabulary(con: Connection, models: Sequence[Model], *, renew: bool = False) -> None:
    """Create the tables that read nothing, such as core.term, where they are missing; on request renew older ones.

    A home that was updated has the old ones until its next refresh, and suites look new words up in them before that.
    To renew compares every row, which each step of a run need not do.
    """
    found = con.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    for model in models:
        if not model.reads and ((model.name,) not in found or (renew and not _is_made(con, model))):
            for statement in create_statements(model):
                con.execute(statement)


def _is_made(con: Connection, model: Model) -> bool:
    """Whether the table of a model that reads nothing has the rows of its query."""
    made, wanted = f"from {model.name}", f"({model.sql})"
    try:
        differ = con.execute(f"({made} except all {wanted}) union all ({wanted} except all {made}) limit 1").fetchall()
    except DatabaseError:  # other columns
        return False
    return not differ


def build(
    con: Connection,
    model: Model,
    suite: Suite | None,
    run_id: str,
    check: SuiteRunner = run,
    *,
    models: Sequence[Model] = (),
    whole: bool = False,
    engine: Engine = OWN,
) -> BuildResult:
    """Build one model in one transaction; `suite` is None for a macro, which has no rows to check.

    The `engine` computes the rows of a portable one.

    With all `models` of the project, a table that would be made and checked with the same result is left as it is,
    unless `whole`.
    Raises CriticalFailure when a critical expectation fails and MendError when the SQL does; the
    table is then as it was before. Results of the suite go to audit.expectation_result either way.
    """
    started = time.perf_counter()
    with all_or_nothing(con, model, run_id) as checks:
        before = _content(con, model)
        if suite is not None and models and not whole:
            wanted = basis.basis(con, model, suite, models, run_id)
            if basis.is_made(con, model, wanted, before[1], run_id):
                note_built(con, model, wanted, before[1])
                return BuildResult(before[0], time.perf_counter() - started, [], changed=False, made=False)
        if model.python:
            import_module(model.python).bring_up_to_date(con)
        query = engine.rows(con, Wanted(model, model.sql)) if model.portable and not model.is_macro else ""
        for statement in create_statements(model, query):
            con.execute(statement)
        basis.forget(run_id, model.name, *model.filled)
        if suite is not None:
            checks.validate(suite, model.grain, asking(check, engine.asked))
        after = _content(con, model)
        if suite is not None and models and all(result.success for result in checks.results):
            note_built(con, model, basis.basis(con, model, suite, models, run_id), after[1])
        else:
            note_built(con, model)
    basis.know(run_id, model.name, after[1])
    return BuildResult(after[0], time.perf_counter() - started, checks.results, before != after)


def drop_unmade(con: Connection, models: Sequence[Model]) -> list[str]:
    """Drop the tables and macros of core, steps and marts that no file makes any more; returns their names.

    Readers then find no stale copy of a model that was removed or renamed. The check results of a table that
    moved to another schema are kept under its new name.
    """
    made = {*contract_tables(), *(name for m in models for name in (m.name, *macros_of(m)))}
    found = con.execute(
        """
        select 'table' as kind, schema_name, table_name as name from duckdb_tables()
        where database_name = current_database()
        union all
        select 'macro table', schema_name, function_name from duckdb_functions()
        where database_name = current_database() and not internal and function_type = 'table_macro'
        """
    ).fetchall()
    stale = [(kind, f"{schema}.{name}") for kind, schema, name in found if schema in SCHEMAS]
    stale = [(kind, name) for kind, name in sorted(stale) if name not in made]
    moved = {model.table: model.name for model in models}
    with transaction(con):
        for kind, name in stale:
            con.execute(f"drop {kind} {name}")
            for journal in ("raw.daily_state", "raw.daily_due", "raw.daily_warned"):
                con.execute(f"delete from {journal} where table_name = ?", [name])
            if now := moved.get(name.partition(".")[2]):
                con.execute("update audit.expectation_result set table_name = ? where table_name = ?", [now, name])
    return [name for _, name in stale]


def _content(con: Connection, model: Model) -> tuple[int, str]:
    """The number of rows and a hash of columns and rows of a table; of a macro 0 and its definition."""
    if not model.is_macro:
        return basis.content(con, model.name)
    found = con.execute(
        "select macro_definition from duckdb_functions() where schema_name = ? and function_name = ? "
        "and database_name = current_database()",
        [model.schema, model.table],
    ).fetchall()
    return 0, repr(found)
