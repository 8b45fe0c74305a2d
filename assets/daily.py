"""The daily path as partitioned assets: what teams deliver, and the tables that are built day by day from it.

What belongs here: a step that loads the inbox, and one for each daily table. A run is for one day or a range
of days. It builds these days and, whatever the run is for, all days whose input changed: data is never left
behind because it was restated on a day that nobody asked for.

When the daily path runs: the job `refresh_daily`, its schedule, and a sensor on the inbox.

Both are stopped until someone switches them on in the UI. A backfill is the job for a range of days, from
the UI or from the command line (docs/daily-models.md); whatever its length it is one run.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from assets.checks import blocked, check_results, check_specs
from assets.metadata import asset_key, lineage_metadata, rows_table, table_metadata
from assets.models import sql_asset
from assets.warehouse import Warehouse
from etl.checks.run import CriticalFailure
from etl.checks.suite import Suite
from etl.config import Settings, load_settings
from etl.contracts import CONTRACTS
from etl.daily.build import DailyResult, build_daily
from etl.daily.due import dated_inputs
from etl.daily.ingest import Ingested, ingest
from etl.models.file import Model

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
        spec._replace(partitions_def=DAYS) for table in tables for spec in check_specs(asset_key(table), suites[table])
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


REFRESH_DAILY = "refresh_daily"
INBOX = "inbox"
LOOK_SECONDS = 30
Mark = list[int]


def daily_automation(
    assets: Sequence[dg.AssetsDefinition], root: Path, environment: dict[str, str] | None
) -> dg.Definitions:
    """The job over the partitioned assets and all that is made from them, and what starts it."""
    daily = dg.AssetSelection.assets(*(asset for asset in assets if asset.partitions_def is not None))
    job = dg.define_asset_job(
        REFRESH_DAILY,
        selection=daily | daily.downstream(),
        description="Load what waits in the inbox, build the days it touches and those of the run, publish.",
        executor_def=dg.in_process_executor,
    )

    @dg.schedule(
        name="refresh_daily_every_morning",
        job=job,
        cron_schedule="30 7 * * *",
        execution_timezone="Asia/Shanghai",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="For the last day that is over; remote sources are asked first.",
    )
    def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(partition_key=last_day())

    @dg.sensor(
        name=INBOX,
        job=job,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="One run for all new files of the inbox, once none of them grows any more.",
    )
    def on_inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return look(load_settings(environment, root), context.cursor)

    return dg.Definitions(jobs=[job], schedules=[every_morning], sensors=[on_inbox])


def last_day() -> str:
    """The last day that is over: what a run is for that was not asked for another."""
    key = DAYS.get_last_partition_key()
    if key is None:
        raise ValueError("there is no day before today: check the clock of this machine")
    return key


def look(settings: Settings, cursor: str | None) -> dg.SensorResult:
    """One run for the files that nobody asked a run for, when all are as they were at the last look.

    The cursor keeps size and time of each file at the last look, and the content hashes for which a run was
    asked. A file that is touched, moved or delivered again under another name is no new one.
    """
    from etl.files.lines import content_hash  # brings numpy, which the definitions must not wait for
    from etl.inbox.run import inbox_files, inbox_name

    memory: dict[str, Any] = json.loads(cursor) if cursor else {"seen": {}, "asked": {}}
    files = {inbox_name(path, settings): path for path in inbox_files(settings)}
    now = {name: _mark(path) for name, path in files.items()}
    # By name and mark first: a file that stands as it stood when its run was asked is not read again.
    new = [name for name in now if now[name] != memory["asked"].get(name, {}).get("mark")]
    growing = [name for name in new if now[name] != memory["seen"].get(name)]
    asked = {name: entry for name, entry in memory["asked"].items() if name in now}
    if growing or not new:
        told = f"waiting for {', '.join(sorted(growing)[:5])} to stop growing" if growing else "no new file"
        return _result(told, now, asked)
    known = {entry["hash"] for entry in memory["asked"].values()}
    hashes = {name: content_hash(files[name]) for name in new}
    asked |= {name: {"mark": now[name], "hash": hashes[name]} for name in new}
    batch = sorted(set(hashes.values()) - known)
    if not batch:
        return _result("no new content", now, asked)
    run_key = hashlib.sha256("".join(batch).encode()).hexdigest()
    request = dg.RunRequest(run_key=run_key, partition_key=last_day(), tags={"inbox/files": str(len(batch))})
    return dg.SensorResult(run_requests=[request], cursor=json.dumps({"seen": now, "asked": asked}))


def _result(reason: str, seen: dict[str, Mark], asked: dict[str, Any]) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=dg.SkipReason(reason), cursor=json.dumps({"seen": seen, "asked": asked}))


def _mark(path: Path) -> Mark:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]
