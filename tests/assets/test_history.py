"""Old runs leave the history; the latest state of every asset, day and check stays."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from assets.history import RETIRED, retire
from assets.instance import prepare_home
from etl.config import Settings, load_settings

pytestmark = pytest.mark.slow

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = dg.DailyPartitionsDefinition(start_date="2026-01-01", timezone="UTC")
BY_DAY, WHOLE, CHECK = dg.AssetKey("by_day"), dg.AssetKey("whole"), dg.AssetKey("by_day")
WITHOUT_RUN = ""
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dg.asset(key=BY_DAY, partitions_def=DAYS, check_specs=[dg.AssetCheckSpec("holds", asset=BY_DAY)])
def by_day(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    yield dg.AssetCheckResult(passed=context.partition_key != "2026-01-03", check_name="holds")
    yield dg.MaterializeResult(metadata={"day": context.partition_key, "text": "x" * 10_000})


@dg.asset(key=WHOLE)
def whole() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"text": "x" * 10_000})


class History:
    """Runs on an instance with our settings, on days that are set back."""

    def __init__(self, home: Path) -> None:
        self.settings: Settings = load_settings({"WAREHOUSE_HOME": str(home)})
        self.home = prepare_home(self.settings)
        with warnings.catch_warnings(action="ignore"):
            jobs = [dg.define_asset_job(key.to_user_string(), [key]) for key in (BY_DAY, WHOLE)]
            self.jobs = dg.Definitions(assets=[by_day, whole], jobs=jobs)
        self.everything: set[str] = set()
        self.instance = dg.DagsterInstance.from_config(str(self.home))

    def run(self, job: str, days_ago: int, day: str | None = None) -> str:
        made = self.jobs.resolve_job_def(job)
        run_id = made.execute_in_process(instance=self.instance, partition_key=day, run_config=QUIET).run_id
        began = f"{NOW - timedelta(days_ago):%Y-%m-%d %H:%M:%S}"
        with closing(sqlite3.connect(self.home / "history" / "runs.db")) as con, con:
            con.execute("update runs set create_timestamp = ? where run_id = ?", [began, run_id])
        return run_id

    def retire(self) -> int:
        return retire(self.instance, self.home, self.settings, NOW)

    def runs(self) -> set[str]:
        return {run.run_id for run in self.instance.get_runs()}

    def latest(self, key: dg.AssetKey, day: str | None = None) -> str:
        """The run of the latest materialization."""
        if day is None:
            event = self.instance.get_latest_materialization_event(key)
            return event.run_id if event else ""
        filters = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[day])
        return self.instance.fetch_materializations(filters, limit=1).records[0].run_id

    def materialized(self) -> list[dg.EventLogRecord]:
        """The latest materialization of each day, as the UI asks for it."""
        ids = self.instance.event_log_storage.get_latest_storage_id_by_partition(
            BY_DAY, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        filters = dg.AssetRecordsFilter(asset_key=BY_DAY, storage_ids=[*ids.values()])
        return [*self.instance.fetch_materializations(filters, limit=1000).records]

    def states_of_days(self) -> tuple[list[str], list[str]]:
        """The days that the UI shows as built and as failed."""
        status = get_and_update_asset_status_cache_value(self.instance, BY_DAY, DAYS)
        assert status
        failed = status.deserialize_failed_partition_subsets(DAYS).get_partition_keys()
        return sorted(status.deserialize_materialized_partition_subsets(DAYS).get_partition_keys()), sorted(failed)

    def marks(self) -> list[str]:
        """The events of the days without a run."""
        with closing(sqlite3.connect(self.home / "history" / "runs" / "index.db")) as con:
            return [text for (text,) in con.execute("select event from event_logs where run_id = ''")]

    def checked(self) -> tuple[str, bool]:
        """The run and the result of the newest check."""
        key = dg.AssetCheckKey(CHECK, "holds")
        record = self.instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        event = record.event.dagster_event if record.event else None
        assert event
        return record.run_id, event.asset_check_evaluation_data.passed

    def shards(self) -> set[str]:
        names = {path.name.partition(".")[0] for path in (self.home / "history" / "runs").iterdir()}
        return names & self.everything


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    monkeypatch.setenv("DAGSTER_HOME", "")
    made = History(tmp_path)
    with made.instance:
        yield made


def test_an_old_run_goes_with_all_it_has_unless_it_holds_the_latest_state(history: History) -> None:
    replaced = history.run("whole", 200)
    of_day = history.run("by_day", 199, "2026-01-02")
    checked = history.run("by_day", 198, "2026-01-03")
    newest = history.run("whole", 91)
    history.everything = history.runs()
    assert history.retire() == 4
    assert history.runs() == history.shards() == {checked, newest}
    assert history.latest(WHOLE) == newest
    assert (history.latest(BY_DAY, "2026-01-02"), history.latest(BY_DAY, "2026-01-03")) == (WITHOUT_RUN, checked)
    assert history.instance.get_materialized_partitions(BY_DAY) == {"2026-01-02", "2026-01-03"}
    assert history.checked() == (checked, False), "a failed check stays failed"
    kept = {entry.dagster_event_type for entry in history.instance.all_logs(checked)}
    assert dg.DagsterEventType.ASSET_MATERIALIZATION in kept and dg.DagsterEventType.STEP_OUTPUT not in kept
    assert history.instance.get_run_by_id(checked).status == dg.DagsterRunStatus.SUCCESS  # type: ignore[union-attr]
    assert {replaced, of_day}.isdisjoint(history.runs())


def test_a_day_costs_the_same_whatever_its_table_said_of_itself(history: History) -> None:
    days = [f"2026-01-{n:02}" for n in range(2, 8)]
    history.everything = {history.run("by_day", 200 - n, day) for n, day in enumerate(days)}
    before = {day: event for event in history.materialized() if (day := event.partition_key)}
    states = history.states_of_days()
    assert history.retire() == len(days)
    after = {day: event for event in history.materialized() if (day := event.partition_key)}
    for day in days[:-1]:
        assert after[day].timestamp == before[day].timestamp, "the UI shows when it was built"
        assert after[day].event_log_entry.asset_materialization == dg.AssetMaterialization(BY_DAY, partition=day)
    assert after[days[-1]] == before[days[-1]], "the newest of a table stays as it was"
    assert len(history.marks()) == len(days) - 1 and max(map(len, history.marks())) < 1000
    assert history.states_of_days() == states == (days, [])
    assert len(history.shards()) == 1, "and no file for each run"
    again = history.run("by_day", 10, "2026-01-02")
    assert history.retire() == 1 and history.latest(BY_DAY, "2026-01-02") == again
    assert len(history.marks()) == len(days) - 1, "a mark of the run that was retired, none of the day built again"


def test_a_run_goes_when_a_later_one_holds_the_latest_state(history: History) -> None:
    first = history.run("by_day", 300, "2026-01-02")
    history.retire()
    assert RETIRED in history.instance.get_run_by_id(first).tags  # type: ignore[union-attr]
    assert history.retire() == 0, "nothing more to take from it"
    second = history.run("by_day", 10, "2026-01-02")
    assert history.retire() == 1
    assert history.runs() == {second}
    assert (history.latest(BY_DAY, "2026-01-02"), history.checked()) == (second, (second, True))


def test_runs_within_the_days_and_runs_under_way_are_left(history: History) -> None:
    recent = history.run("whole", 89)
    also = history.run("whole", 88)
    under_way = history.run("whole", 200)
    with closing(sqlite3.connect(history.home / "history" / "runs.db")) as con, con:
        con.execute("update runs set status = 'STARTED' where run_id = ?", [under_way])
    assert history.retire() == 0
    assert history.runs() == {recent, also, under_way}


def test_a_damaged_file_of_a_run_keeps_no_other_from_being_retired(history: History) -> None:
    damaged = history.run("by_day", 200, "2026-01-02")
    history.run("whole", 199)
    newest = history.run("whole", 10)
    shard = history.home / "history" / "runs" / f"{damaged}.db"
    shard.write_bytes(b"no database" * 1000)
    for log in shard.parent.glob(f"{shard.name}-*"):
        log.unlink()
    assert history.retire() == 2
    assert history.runs() == {damaged, newest}, "it holds the latest state of its day"
    assert not shard.exists()


def test_the_days_are_a_setting(history: History) -> None:
    history.run("whole", 89)
    newest = history.run("whole", 88)
    history.settings = load_settings({"WAREHOUSE_HISTORY_DAYS": "30"})
    assert history.retire() == 2
    assert history.runs() == {newest}


def test_what_the_daemon_notes_leaves_too(history: History) -> None:
    """As Dagster comes, a tick that started a run is never purged."""
    for kind in (InstigatorType.SCHEDULE, InstigatorType.SENSOR):
        kept = history.instance.get_tick_retention_settings(kind)
        assert all(0 < days <= 90 for status, days in kept.items() if status != TickStatus.STARTED), kept


def test_space_is_given_back(history: History) -> None:
    for n in range(12):
        history.run("whole", 200 - n)
    index = history.home / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(index)) as con:
        con.execute("pragma wal_checkpoint(truncate)")  # what is in the log only counts too
    before = index.stat().st_size
    history.retire()
    assert index.stat().st_size < 0.7 * before


def test_events_without_a_run_leave_by_their_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The health after each run belongs to none, and would stay for ever."""
    monkeypatch.setattr("assets.history.MOST_RUNLESS", 3)
    history = History(tmp_path)
    for number in range(8):
        metadata = {"number": number}
        history.instance.report_runless_asset_event(dg.AssetMaterialization(WHOLE, metadata=metadata))
        history.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(check_name="holds", passed=bool(number % 2), asset_key=CHECK, metadata=metadata)
        )
    history.retire()
    kinds = ["ASSET_CHECK_EVALUATION", "ASSET_MATERIALIZATION"]
    for name in (".db", "index.db"):
        with closing(sqlite3.connect(history.home / "history" / "runs" / name)) as con:
            counted = con.execute(
                "select dagster_event_type, count(*) from event_logs group by 1 order by 1"
            ).fetchall()
        assert counted == [(kind, 3) for kind in kinds]
    latest = history.instance.get_latest_materialization_event(WHOLE)
    assert latest and latest.asset_materialization and latest.asset_materialization.metadata["number"].value == 7
    checks = history.instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(CHECK, "holds"), limit=10
    )
    assert len(checks) == 3 and checks[0].event is not None
