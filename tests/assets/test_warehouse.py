"""Who may write: one refresh at a time, and a dead one blocks nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

import assets.instance
import etl.lock
from assets.definitions import definitions
from assets.instance import close_dead_runs, prepare_home
from assets.jobs import REFRESH
from assets.summary import outcome, summary
from assets.warehouse import INTERRUPTS, interruptible
from etl.config import ROOT, Settings, load_settings
from etl.errors import RetryError
from etl.lock import writer_lock
from etl.warehouse import memory

pytestmark = pytest.mark.slow

HOLD = """
import sys, time
from assets.warehouse import INTERRUPTS, interruptible
from etl.lock import writer_lock
from etl.config import load_settings
with writer_lock(load_settings({"WAREHOUSE_HOME": sys.argv[1]})):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"WAREHOUSE_HOME": str(tmp_path)})


def unfinished_run(instance: dg.DagsterInstance) -> str:
    job = definitions().resolve_job_def(REFRESH)
    return instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id


def test_a_killed_refresh_releases_its_lock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etl.lock, "WAIT_SECONDS", 0)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(settings.home)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(RetryError, match="another refresh"), writer_lock(settings):
            pass
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with writer_lock(settings):
        assert settings.build_db.with_name("refresh.lock").exists()


def test_a_second_refresh_at_the_same_time_fails_and_touches_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etl.lock, "WAIT_SECONDS", 0)
    job = definitions(environment={"WAREHOUSE_HOME": str(settings.home)}).resolve_job_def(REFRESH)
    with dg.DagsterInstance.ephemeral() as instance, writer_lock(settings):
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        told = summary(outcome(result), 1.0)
    assert not result.success
    assert f"Failed     refresh: another refresh is writing {settings.home}" in told
    assert not settings.build_db.exists()


def test_an_interrupt_ends_the_query_and_leaves_duckdb_usable() -> None:
    con = memory()
    handlers = [signal.getsignal(number) for number in INTERRUPTS]
    alarm = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(dg.DagsterExecutionInterruptedError), interruptible() as interrupt:
        interrupt.append(con.interrupt)
        con.execute("begin; create table core.half as select 1 as one")
        alarm.start()
        con.execute("select count(*) from range(100_000_000_000) as t(i) where i % 7 = 3")
    con.execute("rollback")
    assert con.execute("select count(*) from duckdb_tables() where table_name = 'half'").fetchall() == [(0,)]
    assert [signal.getsignal(number) for number in INTERRUPTS] == handlers


def test_an_error_without_an_interrupt_is_raised_unchanged() -> None:
    with pytest.raises(ValueError, match="as it was"), interruptible():
        raise ValueError("as it was")


def test_a_run_whose_process_died_is_closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets.instance, "GRACE", timedelta(minutes=-1))
    with dg.DagsterInstance.ephemeral() as instance:
        run_id = unfinished_run(instance)
        assert close_dead_runs(instance, settings) == 1
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.status == dg.DagsterRunStatus.FAILURE


def test_a_run_that_has_just_started_is_left_alone(settings: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        unfinished_run(instance)
        assert close_dead_runs(instance, settings) == 0


def test_the_instance_is_in_the_home_with_our_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    home = prepare_home(settings)
    assert home == settings.home / "dagster"
    (home / "dagster.yaml").write_text("telemetry: {enabled: true}\n", encoding="utf-8")
    prepare_home(settings)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert not instance.telemetry_enabled
        assert not instance.run_retries_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
