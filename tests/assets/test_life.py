"""A run lives as long as its process holds its lock; what is dead is closed, what lives or ended well is left alone."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from assets.instance import prepare_home
from assets.life import DIED, LivingRunLauncher, close_dead_runs, is_dead, living_run, show_life
from etl.config import ROOT, load_settings

pytestmark = pytest.mark.slow

# A run of another process, which reports when it is told to, and ends when it is told to.
LIVES = """
import sys
import dagster as dg
from assets.life import show_life
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    show_life(instance, sys.argv[2])
    print("lives", flush=True)
    for line in sys.stdin:
        if line == "report\\n":
            run = instance.get_run_by_id(sys.argv[2])
            instance.report_dagster_event(dg.DagsterEvent("PIPELINE_SUCCESS", run.job_name), run.run_id)
            print("reported", flush=True)
        else:
            break
"""


@dg.op
def work() -> None:
    """Nothing."""


@dg.job
def some_job() -> None:
    work()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", "")
    return prepare_home(load_settings({"WAREHOUSE_HOME": str(tmp_path)}))


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home)) as made:
        yield made


def begun(instance: dg.DagsterInstance, ago: timedelta = timedelta(hours=5)) -> str:
    """A run that was last heard of so long ago."""
    run_id = instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED).run_id
    at = f"{datetime.now().astimezone(None) - ago:%Y-%m-%d %H:%M:%S}"
    with closing(sqlite3.connect(Path(instance.root_directory) / "history" / "runs.db")) as con, con:
        con.execute("update runs set update_timestamp = ? where run_id = ?", [at, run_id])
    return run_id


@pytest.fixture
def other(instance: dg.DagsterInstance) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A run and its living process."""
    run_id = begun(instance)
    command = [sys.executable, "-c", LIVES, instance.root_directory, run_id]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "lives\n"
    yield run_id, process
    process.kill()
    process.wait()


def status(instance: dg.DagsterInstance, run_id: str) -> str:
    run = instance.get_run_by_id(run_id)
    assert run
    return run.status.value


def test_a_run_that_lives_is_left_alone_however_long_it_is_silent(
    instance: dg.DagsterInstance, other: tuple[str, subprocess.Popen[str]]
) -> None:
    run_id, process = other
    process.send_signal(signal.SIGSTOP)
    assert close_dead_runs(instance) == 0
    assert status(instance, run_id) == "STARTED"
    process.send_signal(signal.SIGCONT)


def test_a_killed_run_is_closed_at_once(instance: dg.DagsterInstance, other: tuple[str, subprocess.Popen[str]]) -> None:
    run_id, process = other
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert close_dead_runs(instance) == 1
    assert status(instance, run_id) == "FAILURE"
    (event,) = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert event.dagster_event and DIED in str(event.dagster_event.message)
    assert not [*(Path(instance.root_directory) / "live").iterdir()], "its lock is gone, too"


def test_a_run_that_ended_well_stands_between_its_report_and_the_end_of_its_process(
    instance: dg.DagsterInstance, other: tuple[str, subprocess.Popen[str]]
) -> None:
    """The case live_run_closed_as_dead."""
    run_id, process = other
    assert process.stdin and process.stdout
    process.stdin.write("report\n")
    process.stdin.flush()
    assert process.stdout.readline() == "reported\n"
    assert close_dead_runs(instance) == 0
    process.kill()
    process.wait()
    assert close_dead_runs(instance) == 0
    assert status(instance, run_id) == "SUCCESS"


def test_a_run_that_ends_while_it_is_looked_at_stands(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = begun(instance)
    (Path(instance.root_directory) / "live").mkdir()
    (Path(instance.root_directory) / "live" / run_id).touch()
    get = instance.get_run_record_by_id

    def reports_before_it_is_asked(asked: str) -> dg.RunRecord | None:
        monkeypatch.undo()
        instance.report_dagster_event(dg.DagsterEvent("PIPELINE_SUCCESS", "some_job"), asked)
        return get(asked)

    monkeypatch.setattr(instance, "get_run_record_by_id", reports_before_it_is_asked)
    assert close_dead_runs(instance) == 0
    assert status(instance, run_id) == "SUCCESS"


@pytest.mark.parametrize("kind", ["grpc", "spawn_main"])
def test_a_run_without_a_lock_may_begin_while_a_process_lives_that_has_it(
    instance: dg.DagsterInstance, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed together with the code server in its first moments, it was found dead three minutes later."""
    environment = {**os.environ, "DAGSTER_HOME": instance.root_directory}
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        just, later = begun(instance, timedelta(seconds=-1)), begun(instance, timedelta(seconds=-1))
        at_once, long = begun(instance, timedelta(seconds=5)), begun(instance, timedelta(minutes=4))
        assert not is_dead(instance, at_once), "it is being handed over"
        assert is_dead(instance, long)
        monkeypatch.setattr("assets.life.LAUNCH", timedelta(seconds=-10))
        assert not is_dead(instance, just)
        process.kill()
        process.wait()
        assert is_dead(instance, later)


def test_a_code_server_that_began_later_has_no_earlier_run(instance: dg.DagsterInstance) -> None:
    """`make dev` was killed with its run and started again."""
    run = begun(instance, timedelta(seconds=30))
    environment = {**os.environ, "DAGSTER_HOME": instance.root_directory}
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", "grpc"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        assert is_dead(instance, run)
        process.kill()


def test_a_run_of_a_command_lives_before_it_is_known(instance: dg.DagsterInstance) -> None:
    run_id = living_run(instance)
    instance.create_run_for_job(some_job, run_id=run_id, status=dg.DagsterRunStatus.NOT_STARTED)
    at = f"{datetime.now().astimezone(None) - timedelta(hours=1):%Y-%m-%d %H:%M:%S}"
    with closing(sqlite3.connect(Path(instance.root_directory) / "history" / "runs.db")) as con, con:
        con.execute("update runs set update_timestamp = ?", [at])
    assert close_dead_runs(instance) == 0
    show_life(instance, "another")
    assert close_dead_runs(instance) == 1


def test_dagsters_daemon_asks_whether_a_run_lives(
    instance: dg.DagsterInstance, other: tuple[str, subprocess.Popen[str]]
) -> None:
    launcher = instance.run_launcher
    assert isinstance(launcher, LivingRunLauncher) and launcher.supports_check_run_worker_health
    assert instance.run_monitoring_enabled and instance.run_monitoring_max_runtime_seconds == 0, "no time is too long"
    run_id, process = other
    run = instance.get_run_by_id(run_id)
    assert run
    assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
    process.kill()
    process.wait()
    assert launcher.check_run_worker_health(run).status == WorkerStatus.FAILED


def test_the_next_run_of_a_process_ends_the_life_of_the_one_before(instance: dg.DagsterInstance) -> None:
    first, second = begun(instance), begun(instance)
    show_life(instance, first)
    assert not is_dead(instance, first)
    show_life(instance, second)
    assert (is_dead(instance, first), is_dead(instance, second)) == (True, False)


def test_the_settings_and_the_runs_of_another_project_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case dagster_home_foreign."""
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    text = "telemetry: {enabled: false}\n# settings of another project\n"
    (foreign / "dagster.yaml").write_text(text, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(foreign)) as theirs:
        run_id = begun(theirs)
    monkeypatch.setenv("DAGSTER_HOME", str(foreign))
    ours = prepare_home(load_settings({"WAREHOUSE_HOME": str(tmp_path / "home")}))
    assert (ours, os.environ["DAGSTER_HOME"]) == (tmp_path / "home" / "dagster", str(ours))
    with dg.DagsterInstance.from_config(str(ours)) as instance:
        assert close_dead_runs(instance) == 0
    assert (foreign / "dagster.yaml").read_text(encoding="utf-8") == text
    with dg.DagsterInstance.from_config(str(foreign)) as theirs:
        assert status(theirs, run_id) == "STARTED"
