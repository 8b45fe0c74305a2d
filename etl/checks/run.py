"""Run expectation suites with Great Expectations, in SQL on the open connection and in its transaction.

The only module that runs Great Expectations, which it imports when a suite runs: the import takes seconds. Each
expectation runs alone, so that an error belongs to one of them. What a failure blocks is decided here by severity,
which Great Expectations' own `success` ignores; a check that could not run never passes.

A query for unexpected rows is asked for their number first, and for the rows only where there are any. Whether a key is
unique is asked first by one aggregation. Great Expectations joins the table to its own keys, which
takes twice as long on ten million rows, so it only finds the rows of a key that is not unique.
"""

from __future__ import annotations

import copy
import json
import logging
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from etl.checks import gathered
from etl.checks.dialect import SharedConnection
from etl.checks.suite import UNEXPECTED_ROWS, Expectation, Severity, Suite
from etl.errors import MendError, RetryError
from etl.warehouse import Connection, count, transaction

ROWS = 20
BATCH = "batch"
COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}
WITH_ROWS = {"result_format": "SUMMARY", "partial_unexpected_count": ROWS, "return_unexpected_index_query": False}
ROWS_COUNTED = "unexpected_rows_query.row_count"
COMPOUND = "expect_compound_columns_to_be_unique"
BETWEEN = "expect_column_values_to_be_between"
# The forms that expect a unique key, each with the argument that names its columns.
UNIQUENESS = {COMPOUND: "column_list", "expect_column_values_to_be_unique": "column"}


# The row of a query over a table, where another engine is better asked; else nothing.
Asked = Callable[[Connection, str, str], Sequence[Any] | None]


@dataclass(frozen=True)
class CheckResult:
    """The result of one expectation on one table.

    `observed`, `rows` (at most 20 that broke it, with the columns of the key) and `kwargs` are plain JSON
    values; DECIMALs are text, to keep their digits. `query` finds the rows that broke it, and `place` says of which
    platforms they are, from which day and file. `exception` is one line that says why it could not run; it then
    failed, whatever its severity.
    """

    table: str
    name: str
    type: str
    severity: Severity
    success: bool
    why: str
    kwargs: dict[str, Any]
    observed: Any = None
    unexpected_count: int | None = None
    element_count: int | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    query: str | None = None
    place: str | None = None
    exception: str | None = None

    @property
    def critical_failure(self) -> bool:
        """Whether the table must not be used: the expectation failed and is critical, or could not run."""
        return not self.success and (self.severity == "critical" or self.exception is not None)


def run(con: Connection, suite: Suite, grain: Sequence[str] = (), asked: Asked = lambda *_: None) -> list[CheckResult]:
    """Check a table as `con` sees it, with uncommitted rows; one result for each expectation, in order.

    Never commits or rolls back. `grain` names the columns that identify failing rows (default: those that the
    suite expects to be unique). The first expectation that cannot run ends the suite, because it leaves the
    transaction aborted; those after it fail as not run. `asked` may know the answer to a query from another engine.
    """
    table = _CheckedTable(con, suite.table, grain or _key(suite), asked)
    results: list[CheckResult] = []
    broken = None
    for expectation in suite.expectations:
        if broken is None:
            results.append(table.check(expectation))
            broken = expectation.name if results[-1].exception else None
        else:
            results.append(_result(suite.table, expectation, exception=f"not run: {broken} could not run"))
    return results


class _CheckedTable:
    """A table of the open transaction, as Great Expectations sees it."""

    def __init__(self, con: Connection, name: str, key: Sequence[str], asked: Asked) -> None:
        gathered.prepare()
        from great_expectations.execution_engine import SqlAlchemyExecutionEngine
        from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData

        # What it would log on an error is in the result, and what it logs without one is noise.
        logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
        schema, _, table = name.rpartition(".")
        self.name, self.key, self.asked = name, list(key), asked
        self.shared = SharedConnection(con)
        self.engine = SqlAlchemyExecutionEngine(engine=self.shared.engine)
        data = SqlAlchemyBatchData(self.engine, schema_name=schema or None, table_name=table)
        self.engine.load_batch_data(BATCH, data)

    def check(self, expectation: Expectation) -> CheckResult:
        """The result of one expectation; the failing rows are looked for only where there are any."""
        try:
            if expectation.type == UNEXPECTED_ROWS:
                return self._query_result(expectation)
            if (rows := self._rows_if_unique(expectation)) is not None:
                return _result(self.name, expectation, success=True, unexpected_count=0, element_count=rows)
            success, found = self._run(expectation, COUNTS_ONLY)
            if not success:
                index = {"unexpected_index_column_names": self.key} if self.key else {}
                success, found = self._run(expectation, WITH_ROWS | index)
            return _result(
                self.name,
                expectation,
                success=success,
                observed=_plain(found.get("observed_value")),
                unexpected_count=found.get("unexpected_count"),
                element_count=found.get("element_count"),
                rows=_rows(expectation, found),
                query=None if success else self._failing_rows(),
            )
        except RetryError:  # another engine is away
            raise
        except Exception as error:  # whatever it is, the check did not run
            cause = self.shared.error or error
            message = " ".join(str(cause).split("\n\nLINE ")[0].split())  # without DuckDB's excerpt of the statement
            return _result(
                self.name,
                expectation,
                exception=message or repr(cause),
                query=self._asked(expectation) if self.shared.error else None,
            )

    def _asked(self, expectation: Expectation) -> str:
        """The query of a suite for unexpected rows, else the last statement."""
        query = expectation.kwargs.get("unexpected_rows_query")
        return query.format(batch=self.name).strip() if query else self.shared.statements[-1]

    def _query_result(self, expectation: Expectation) -> CheckResult:
        success, found = self._run(expectation, {"result_format": "COMPLETE"})
        count = found["observed_value"]
        return _result(
            self.name,
            expectation,
            success=success,
            observed=count,
            unexpected_count=count,
            rows=_rows(expectation, found),
            query=self._asked(expectation),
        )

    def _rows_if_unique(self, expectation: Expectation) -> int | None:
        """The rows of the table if the expected key is unique; None if it is not, or something else is expected.

        NULL is a value in a key of several columns, and none in a key of one. Raises DatabaseError.
        """
        columns = _key_columns(expectation)
        if not columns or len(expectation.kwargs) > 1:
            return None
        quoted = ['"' + column.replace('"', '""') + '"' for column in columns]
        compared = "true" if expectation.type == COMPOUND else f"{quoted[0]} is not null"
        query = (
            f"select coalesce(sum(_count), 0), coalesce(max(_count) filter (where {compared}), 0) "
            f"from (select {', '.join(quoted)}, count(*) as _count from {self.name} group by {', '.join(quoted)})"
        )
        if (found := self.asked(self.shared.con, self.name, query)) is None:
            self.shared.statements.append(query)
            found = self.shared.ask(lambda: self.shared.con.execute(query).fetchall()[0])
        rows, most = found
        return int(rows) if most <= 1 else None

    def _is_float(self, column: str) -> bool:
        """Whether a column has numbers that may be NaN. Raises DatabaseError."""
        query = f"describe {self.name}"
        self.shared.statements.append(query)
        described = self.shared.ask(lambda: self.shared.con.execute(query).fetchall())
        return any(name == column and kind in ("DOUBLE", "FLOAT") for name, kind, *_ in described)

    def _failing_rows(self) -> str | None:
        """The query that found the failing rows; there is none for a sum or a list of columns.

        It is taken from the statements, because the query that Great Expectations shows omits which rows it
        ignored. Where one statement found values and another the key too, it is the longer one.
        """
        found = [sql for sql in self.shared.statements if sql.endswith(f" LIMIT {ROWS}")]
        return max(found, key=len).removesuffix(f" LIMIT {ROWS}").strip() if found else None

    def _run(self, expectation: Expectation, result_format: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Whether it holds, and what Great Expectations found. Raises any error that kept it from running."""
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
        from great_expectations.validator.metrics_calculator import MetricsCalculator

        gathered.know_expectation(expectation.type)
        self.shared.statements.clear()
        settings = {"result_format": dict(result_format)}
        kwargs = {**_gx_kwargs(expectation), "batch_id": BATCH}
        if expectation.type == BETWEEN and self._is_float(str(kwargs.get("column"))):
            # Neither NaN, which DuckDB sorts above every number, nor infinity lies between any bounds.
            most = sys.float_info.max
            kwargs |= {name: bound for name, bound in (("min_value", -most), ("max_value", most)) if name not in kwargs}
        check = ExpectationConfiguration(type=expectation.type, kwargs=kwargs).to_domain_obj()
        needs = check.get_validation_dependencies(self.engine, settings).get_metric_configurations()
        calculator = MetricsCalculator(self.engine, show_progress_bars=False)

        def resolved(wanted: Sequence[Any]) -> dict[Any, Any]:
            graph = calculator.build_metric_dependency_graph(wanted, settings)
            found, failed = calculator.resolve_validation_graph(graph, settings)
            for failure in failed.values():
                raise RuntimeError(failure["exception_info"].exception_message)
            return dict(found)

        # Where a query finds no row, it need not be asked for the rows.
        counts = [need for need in needs if need.metric_name == ROWS_COUNTED]
        metrics = resolved(counts) if counts else {}
        if counts and not any(metrics.values()):
            metrics |= {need.id: [] for need in needs if need not in counts}
        else:
            metrics = resolved(needs)
        result = check.metrics_validate(metrics, settings, self.engine)
        return bool(result.success), result.result


def _gx_kwargs(expectation: Expectation) -> dict[str, Any]:
    kwargs = copy.deepcopy(expectation.kwargs)
    if expectation.type == UNEXPECTED_ROWS:
        # Great Expectations puts the query in brackets, where a comment on its last line would hide the closing
        # one, and prints a warning where {batch} is missing.
        query = kwargs["unexpected_rows_query"].rstrip("; \t\r\n")
        kwargs["unexpected_rows_query"] = f"{query}\n/* {{batch}} */"
    if expectation.type == COMPOUND:
        # Great Expectations would let a key pass that is NULL in all its columns, however often it occurs.
        kwargs.setdefault("ignore_row_if", "never")
    return kwargs


def _key(suite: Suite) -> Sequence[str]:
    """The columns that the suite expects to be unique together, else the column that it expects to be unique."""
    keys = {expectation.type: _key_columns(expectation) for expectation in reversed(suite.expectations)}
    return next((keys[form] for form in UNIQUENESS if form in keys), ())


def _key_columns(expectation: Expectation) -> list[str]:
    """The columns of the key that an expectation expects to be unique; none if it expects something else."""
    columns = expectation.kwargs.get(UNIQUENESS.get(expectation.type, ""), [])
    return [columns] if isinstance(columns, str) else columns


def _rows(expectation: Expectation, found: dict[str, Any]) -> list[dict[str, Any]]:
    """The failing rows, with the columns of the key where Great Expectations finds them."""
    rows = (
        (found.get("details") or {}).get("unexpected_rows")
        or found.get("partial_unexpected_index_list")
        or found.get("partial_unexpected_list")
        or []
    )
    columns = [expectation.kwargs[key] for key in ("column", "column_A", "column_B") if key in expectation.kwargs]
    named = [
        row if isinstance(row, dict) else dict(zip(columns, row if len(columns) > 1 else [row], strict=True))
        for row in rows[:ROWS]
    ]
    return [{str(column): _plain(value) for column, value in row.items()} for row in named]


def _result(table: str, expectation: Expectation, *, success: bool = False, **found: Any) -> CheckResult:
    return CheckResult(
        table,
        expectation.name,
        expectation.type,
        expectation.severity,
        success,
        expectation.why,
        _plain(expectation.kwargs),
        **found,
    )


def _plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal) and value.is_finite():
        digits = f"{value:f}"
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


# How a suite is run on the open connection; the last argument is the grain, which identifies failing rows.
SuiteRunner = Callable[[Connection, Suite, Sequence[str]], list[CheckResult]]


def asking(check: SuiteRunner, asked: Asked) -> SuiteRunner:
    """`run`, asking another engine where that knows the answer; another runner as it is."""
    return partial(run, asked=asked) if check is run else check


class CriticalFailure(MendError):
    """A critical expectation did not hold or could not run. `results` has all results of the transaction."""

    def __init__(self, results: Sequence[CheckResult]) -> None:
        self.results = list(results)
        failed = [r for r in self.results if r.critical_failure]
        reasons = "; ".join(f"{r.name} ({r.exception or r.why})" for r in failed)
        super().__init__(f"{failed[0].table if failed else 'suite'}: {reasons}")


class Checks:
    """The suites that ran in one transaction, and their results so far."""

    def __init__(self, con: Connection) -> None:
        self.con = con
        self.results: list[CheckResult] = []

    def validate(self, suite: Suite, grain: Sequence[str] = (), check: SuiteRunner = run) -> None:
        """Run a suite. Raises CriticalFailure, with the results of this and the earlier suites."""
        self.add(check(self.con, suite, grain))

    def add(self, results: Sequence[CheckResult]) -> None:
        """Keep the results of a suite. Raises CriticalFailure as validate does."""
        self.results += results
        if any(result.critical_failure for result in results):
            raise CriticalFailure(self.results)


@contextmanager
def checked(con: Connection, run_id: str) -> Iterator[Checks]:
    """One transaction whose checks are recorded after it, whether it was committed or rolled back."""
    checks = Checks(con)
    try:
        with transaction(con):
            yield checks
    finally:
        _record(con, run_id, checks.results)


def _record(con: Connection, run_id: str, results: Sequence[CheckResult]) -> None:
    """Append the results to audit.expectation_result, in a transaction of their own."""
    if not results:
        return
    checked_at = datetime.now(UTC)
    number = count(con, "select coalesce(max(number), 0) + 1 from audit.expectation_result")
    rows = [
        {
            "run_id": run_id,
            "checked_at": checked_at,
            "table_name": result.table,
            "check_name": result.name,
            "expectation_type": result.type,
            "severity": result.severity,
            "success": result.success,
            "observed_value": _json(result.observed),
            "unexpected_count": result.unexpected_count,
            "element_count": result.element_count,
            "kwargs": _json(result.kwargs),
            "why": result.why,
            "exception": result.exception,
            "place": result.place,
            "number": number,
        }
        for result in results
    ]
    row = f"({', '.join('?' * len(rows[0]))})"
    statement = f"insert into audit.expectation_result ({', '.join(rows[0])}) values {', '.join([row] * len(rows))}"
    with transaction(con):
        con.execute(statement, [value for each in rows for value in each.values()])


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, default=str, ensure_ascii=False)
