"""The event log of a run of the command line holds what Dagster's own holds, in the same files."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.instance import open_history, prepare_home
from etl.config import load_settings

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-04")
TABLES = {
    "event_logs": "run_id = '', dagster_event_type, step_key, asset_key, partition, length(event) > 100",
    "asset_check_executions": (
        "asset_key, check_name, partition, run_id = '', execution_status, evaluation_event is not null, "
        "evaluation_event_timestamp is not null, (select e.dagster_event_type from event_logs as e where "
        "e.id = evaluation_event_storage_id), (select e.asset_key from event_logs as e where "
        "e.id = materialization_event_storage_id)"
    ),
    "asset_keys": "asset_key, last_materialization is not null, last_materialization_timestamp is not null",
    "asset_event_tags": "asset_key, key, value like '%-%' or value like '%/%'",
}


@dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="figure"), dg.AssetCheckSpec("warns", asset="figure")])
def figure() -> Iterator[Any]:
    yield dg.AssetCheckResult(check_name="holds", passed=True)
    yield dg.AssetCheckResult(check_name="warns", passed=False, severity=dg.AssetCheckSeverity.WARN)
    yield dg.MaterializeResult(metadata={"rows": 3})


@dg.asset(deps=[figure], check_specs=[dg.AssetCheckSpec("breaks", asset="mart", blocking=True)])
def mart(context: dg.AssetExecutionContext) -> Iterator[Any]:
    context.log.info("checked")
    yield dg.AssetCheckResult(check_name="breaks", passed=False)
    raise dg.Failure("a check failed", allow_retries=False)


@dg.asset(deps=[mart])
def page() -> None:
    raise AssertionError("what is downstream of a failed check does not run")


@dg.asset(partitions_def=DAYS, check_specs=[dg.AssetCheckSpec("every_day", asset="orders")])
def orders() -> Iterator[Any]:
    yield dg.AssetCheckResult(check_name="every_day", passed=True)
    yield dg.MaterializeResult()


def history_of(instance: dg.DagsterInstance) -> list[str]:
    """Runs whose checks pass, warn and fail, then a check and a table without a run; returns how the runs ended."""
    ended = []
    definitions = dg.Definitions(assets=[figure, mart, page, orders], executor=dg.in_process_executor)
    with warnings.catch_warnings(action="ignore"):
        whole = dg.define_asset_job("whole", selection=["figure", "mart", "page"])
        by_day = dg.define_asset_job("by_day", selection=["orders"], partitions_def=DAYS)
        definitions = dg.Definitions.merge(definitions, dg.Definitions(jobs=[whole, by_day]))
        for job, day in (("whole", None), ("whole", None), ("by_day", "2026-01-02")):
            made = definitions.resolve_job_def(job)
            result = made.execute_in_process(instance=instance, partition_key=day, raise_on_error=False)
            run = instance.get_run_by_id(result.run_id)
            assert run
            ended.append(run.status.value)
    instance.report_runless_asset_event(dg.AssetMaterialization("elsewhere"))
    instance.report_runless_asset_event(dg.AssetCheckEvaluation(check_name="later", asset_key=figure.key, passed=True))
    return ended


def rows(home: Path) -> dict[str, list[Any]]:
    """What the files of events hold, without names and times that differ between runs."""
    found: dict[str, list[Any]] = {}
    for file in (home / "history" / "runs").glob("*.db"):
        name = file.stem if file.stem in ("index", ".db") else "run"
        with closing(sqlite3.connect(file)) as con:
            for table, columns in TABLES.items():
                found.setdefault(f"{name} {table}", []).extend(con.execute(f"select {columns} from {table}"))
    return {table: sorted(held, key=repr) for table, held in found.items()}


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setenv("DAGSTER_HOME", "")
    own, other = (prepare_home(load_settings({"WAREHOUSE_HOME": str(tmp_path / name)})) for name in ("own", "other"))
    return own, other


def test_the_files_hold_what_dagster_writes_itself(homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = homes
    with dg.DagsterInstance.from_config(str(other)) as instance:
        ended = history_of(instance)
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
    with open_history(own) as instance:
        assert type(instance.event_log_storage).__name__ == "RunEvents"
        assert history_of(instance) == ended == ["FAILURE", "FAILURE", "SUCCESS"]
        (record,) = instance.get_asset_records([figure.key])
    found, wanted = rows(own), rows(other)
    for table in wanted:
        assert found[table] == wanted[table], table
    assert found.keys() == wanted.keys()
    assert len(found["index asset_check_executions"]) == 9
    with dg.DagsterInstance.from_config(str(other)) as instance:
        assert instance.get_asset_records([figure.key])
    with dg.DagsterInstance.from_config(str(own)) as instance:
        assert instance.get_asset_records([figure.key]) == [record]
    assert not list((own / "history" / "runs").glob("*-wal"))


def test_a_batch_is_stored_whole_or_not_at_all(homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
    with open_history(homes[0]) as instance:
        history_of(instance)
        storage = instance.event_log_storage
        run = instance.get_runs()[0]
        events = [entry.event_log_entry for entry in storage.get_records_for_run(run.run_id).records]
        before = rows(homes[0])
        broken = events[1]._replace(run_id="of another run")
        with pytest.raises(KeyError):
            storage.store_event_batch([events[0], broken])
        assert rows(homes[0]) == before
        storage.store_event(events[0])
        assert rows(homes[0]) != before
