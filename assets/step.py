"""What the steps of all assets have in common: a step runs, reports, and blocks what is downstream.

A step is a function of the open build database that returns a Report. This module runs it with the writer's lock,
turns its metadata, checks and built days into Dagster's events, and fails it when a critical check fails, so that
nothing is built from its tables. In every case etl has recorded the results of the checks in
audit.expectation_result (etl.checks.run.checked).
"""

import inspect
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar

import dagster as dg

from assets.checks import blocked, check_results, check_specs, nothing_to_check
from assets.days import DAYS, show_built
from assets.links import chart_metadata
from assets.metadata import asset_key, table_metadata
from assets.warehouse import Warehouse
from etl.checks.run import CheckResult, CriticalFailure
from etl.checks.suite import Suite
from etl.config import Settings
from etl.warehouse import Connection, count, kept_tables

DAILY_THREADS = os.cpu_count() or 1  # tables by day may be large; for others one thread is enough
TEAM = "team:warehouse"  # the owner of an asset, beside the contact of the settings
# A mart is refreshed every morning; one missed morning is worth a look, three days are not.
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=3), warn_window=timedelta(hours=36))
T = TypeVar("T")


@dataclass(frozen=True)
class Report:
    """The result of a step.

    `results` are those of etl, for the summary of a refresh; `shown` is metadata for the UI, by table. A table
    that is missing in `shown` counts as unchanged, and what is made only from it is not built. `days` are the days
    that were built and `rows` the number of rows now, by table.
    """

    results: Sequence[object]
    checks: Sequence[CheckResult]
    shown: Mapping[str, Mapping[str, Any]]
    days: Mapping[str, Sequence[date]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)

    def of(self, kind: type[T]) -> list[T]:
        """The results of one type."""
        return [result for result in self.results if isinstance(result, kind)]


Work = Callable[[dg.AssetExecutionContext, Connection, Settings], Report]
# Reports of the steps that succeeded, by run of this process and by step.
REPORTS: defaultdict[str, dict[str, Report]] = defaultdict(dict)


def table_spec(
    table: str,
    group: str,
    kinds: Iterable[str],
    deps: Iterable[str] = (),
    *,
    grain: Sequence[str] = (),
    description: str = "",
    links: str = "",
    by_day: bool = False,
    **more: Any,
) -> dg.AssetSpec:
    """An asset `schema.table`; without a description it gets the docstring of its step."""
    return dg.AssetSpec(
        asset_key(table),
        deps=[asset_key(dep) for dep in deps],
        group_name=group,
        owners=[TEAM],
        tags={"layer": table.partition(".")[0]},
        kinds={"duckdb", *kinds},
        partitions_def=DAYS if by_day else None,
        description="\n\n".join((description, f"grain: {', '.join(grain)}", links)).strip() if description else None,
        **more,
    )


def step(
    *specs: dg.AssetSpec, suites: Mapping[str, Suite], name: str | None = None, config_schema: Any = None
) -> Callable[[Work], dg.AssetsDefinition]:
    """A decorator that makes the assets `specs`, with the checks of their suites, from a step.

    A range of days, however long, is one run.
    """
    keys = {".".join(spec.key.path): spec.key for spec in specs}
    own_suites = [suites[table] for table in keys if table in suites]
    days = specs[0].partitions_def
    described = {".".join(spec.key.path): spec.metadata.get("dagster/column_schema") for spec in specs}
    step_name = name or specs[0].key.to_python_identifier()

    def comments(table: str) -> dict[str, str]:
        """The comments of the columns of a table that this step makes, by the column."""
        schema = described[table]
        if isinstance(schema, dg.TableSchema):
            return {column.name: column.description or "" for column in schema.columns}
        return {column.name: column.meaning for column in kept_tables()[table][1]}

    def decorate(work: Work) -> dg.AssetsDefinition:
        description = inspect.getdoc(work)

        @dg.multi_asset(
            name=step_name,
            specs=[spec if spec.description else spec.replace_attributes(description=description) for spec in specs],
            check_specs=[check for suite in own_suites for check in check_specs(suite)],
            backfill_policy=dg.BackfillPolicy.single_run() if days else None,
            config_schema=config_schema,
        )
        def run(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
            try:
                with warehouse.open(DAILY_THREADS if days else 1) as con:
                    report = work(context, con, warehouse.settings)
                    rows = {suite.table: count(con, f"select count(*) from {suite.table}") for suite in own_suites}
                    tables = {table: table_metadata(con, table, rows[table], comments(table)) for table in rows}
            except CriticalFailure as failure:
                yield from check_results(failure.results)
                raise blocked(failure.results) from None
            REPORTS[context.run.run_id][step_name] = replace(report, rows=rows)
            yield from check_results(report.checks)
            yield from nothing_to_check(own_suites, report.checks)
            for table, shown in report.shown.items():
                if days:
                    show_built(context, keys[table], report.days.get(table, ()))
                metadata = {**chart_metadata(table), **tables.get(table, {}), **shown}
                yield dg.MaterializeResult(asset_key=keys[table], metadata=metadata)

        return run

    return decorate
