"""The daily path as partitioned assets: what teams deliver, and the tables that are built day by day from it.

What belongs here: a step that loads the inbox, and one for each daily table. A run is for one day or a range
of days. It builds these days and, whatever the run is for, all days whose input changed: data is never left
behind because it was restated on a day that nobody asked for.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from assets.checks import blocked, check_results, check_specs
from assets.metadata import asset_key, lineage_metadata, rows_table, table_metadata
from assets.models import sql_asset
from assets.warehouse import Warehouse
from etl.build import CriticalFailure
from etl.daily_build import DailyResult, build_daily
from etl.daily_contract import CONTRACTS
from etl.daily_ingest import Ingested, ingest
from etl.daily_state import dated_inputs
from etl.quality import Suite
from etl.sqlmodel import Model

DAYS = dg.DailyPartitionsDefinition(start_date="2015-01-01", timezone="UTC")
RANGE_IN_ONE_RUN = dg.BackfillPolicy.single_run()
STEP = "inbox"
DELIVERED = tuple(contract.table for contract in CONTRACTS)
KEYS = tuple(asset_key(table) for table in DELIVERED)
THREADS = os.cpu_count() or 1  # daily data may be many
# Dagster takes about ten milliseconds for each event: of more days than these the metadata tells.
MOST_EVENTS = 31


def inbox_assets(models: Sequence[Model], suites: Mapping[str, Suite]) -> dg.AssetsDefinition:
    """The assets of the delivered tables, filled by one step, with the checks of their suites."""
    registry = {column.known_in.rpartition(".")[0] for c in CONTRACTS for column in c.columns} - {""}

    @dg.multi_asset(
        name=STEP,
        specs=[
            dg.AssetSpec(
                asset_key(contract.table),
                deps=[asset_key(table) for table in sorted(registry)],
                group_name="core",
                owners=["team:warehouse"],
                kinds={"duckdb", "file"},
                description=f"{contract.tells}\n\ngrain: {', '.join(contract.grain)}",
                partitions_def=DAYS,
            )
            for contract in CONTRACTS
        ],
        check_specs=_check_specs(DELIVERED, suites),
        backfill_policy=RANGE_IN_ONE_RUN,
    )
    def load_what_waits(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
        try:
            with warehouse.open(THREADS) as con:
                found = ingest(
                    con,
                    warehouse.settings,
                    models,
                    suites,
                    context.run.run_id,
                    now=datetime.now(UTC),
                    progress=context.log.info,
                )
                shown = {table: table_metadata(con, table) for table in DELIVERED}
        except CriticalFailure as failure:
            for result in failure.results:
                yield from check_results(asset_key(result.table), [result])
            raise blocked(failure.results[-1].table, failure.results) from None
        for result in found.checks:
            yield from check_results(asset_key(result.table), [result])
        yield from _checked_nothing({result.table for result in found.checks}, suites)
        for table, key in zip(DELIVERED, KEYS, strict=True):
            changed = found.days.get(table, ())
            _tell_other_days(context, key, changed)
            metadata = {**told_days("days that changed", changed), **shown[table]}
            yield dg.MaterializeResult(asset_key=key, metadata={**ingest_metadata(found), **metadata})

    return load_what_waits


def daily_assets(models: Sequence[Model], suites: Mapping[str, Suite]) -> list[dg.AssetsDefinition]:
    """The assets of all daily tables among `models`."""
    return [_daily_asset(model, suites[model.name], models) for model in models if model.daily]


def _daily_asset(model: Model, suite: Suite, models: Sequence[Model]) -> dg.AssetsDefinition:
    key = asset_key(model.name)
    dated = dated_inputs(model, models)

    @sql_asset(
        model,
        models,
        check_specs=_check_specs([model.name], {model.name: suite}),
        partitions_def=DAYS,
        backfill_policy=RANGE_IN_ONE_RUN,
    )
    def build_days(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
        days = [date.fromisoformat(day) for day in context.partition_keys]
        try:
            with warehouse.open(THREADS) as con:
                built = build_daily(con, model, models, suite, context.run.run_id, days=days)
                metadata = {
                    **build_metadata(built),
                    **table_metadata(con, model.name),
                    **lineage_metadata(model, models),
                }
        except CriticalFailure as failure:
            yield from check_results(key, failure.results)
            raise blocked(model.name, failure.results) from None
        yield from check_results(key, built.checks)
        _tell_other_days(context, key, built.days)
        yield dg.MaterializeResult(metadata={**metadata, "reads by day": ", ".join(dated)})

    return build_days


def ingest_metadata(found: Ingested) -> dict[str, Any]:
    """What the UI shows of a load: counts, what became of each file, sources that did not answer."""
    shown: dict[str, Any] = {
        "files": rows_table([{**vars(file), "content_hash": file.content_hash[:12]} for file in found.files]),
        **{
            f"rows {what}": sum(getattr(file, f"rows_{what}") for file in found.files)
            for what in ("read", "loaded", "quarantined", "superseded")
        },
    }
    if found.brought:
        asked = [{"source": b.source, "new files": len(b.files), "problem": b.problem} for b in found.brought]
        shown["remote sources"] = rows_table(asked)
    return shown


def build_metadata(built: DailyResult) -> dict[str, Any]:
    """What the UI shows of a build: which days, and whether anything differs from before."""
    return {
        "changed": built.changed,
        "everything built": built.whole,
        "rows built": built.rows,
        "seconds": round(built.seconds, 3),
        **told_days("days built", built.days),
        **told_days("days that changed", built.changed_days),
    }


def told_days(what: str, days: Sequence[date]) -> dict[str, Any]:
    """How many days, and the first and last of them."""
    span = f": {days[0]} to {days[-1]}" if days else ""
    return {what: f"{len(days):,}{span}"}


def _check_specs(tables: Sequence[str], suites: Mapping[str, Suite]) -> list[dg.AssetCheckSpec]:
    """The checks, by day: a run for one day shows its results under that day."""
    return [
        spec._replace(partitions_def=DAYS)
        for table in tables
        for spec in check_specs(asset_key(table), suites[table])
    ]


def _checked_nothing(checked: set[str], suites: Mapping[str, Suite]) -> Iterator[dg.AssetCheckResult]:
    """The checks of delivered tables without new rows: each announced check must say something."""
    for table in DELIVERED:
        for expectation in suites[table].expectations if table not in checked else ():
            yield dg.AssetCheckResult(
                asset_key=asset_key(table),
                check_name=expectation.name,
                passed=True,
                description="no new rows; the others held when they came",
            )


def _tell_other_days(context: dg.AssetExecutionContext, key: dg.AssetKey, days: Sequence[date]) -> None:
    """Days that were built although the run is for others: the UI shows them as built too."""
    asked = set(context.partition_keys)
    others = [day for day in map(str, days) if day not in asked and DAYS.has_partition_key(day)]
    for day in others if len(others) <= MOST_EVENTS else ():
        context.log_event(dg.AssetMaterialization(key, partition=day))
